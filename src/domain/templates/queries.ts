export type TemplateRow = {
  name: string
  locale: string
  subject: string
  html: string
  text: string | null
  created_at: number
  updated_at: number
}

const TEMPLATE = 'name, locale, subject, html, text, created_at, updated_at'

/**
 * Those a message may be made with: at most one for each name and language.
 * @param reader whose own language counts too, by its first two letters
 */
export const selectTemplatesFor = (
  db: D1Database,
  projectId: string,
  names: string[],
  locales: string[],
  reader: { kind: string; canonical: string } | null = null,
) =>
  db
    .prepare(
      `SELECT ${TEMPLATE} FROM templates WHERE project_id = ?1 AND name IN (SELECT value FROM json_each(?2))
         AND (locale IN (SELECT value FROM json_each(?3)) OR substr(locale, 1, 2) =
           (SELECT lower(substr(u.locale, 1, 2)) FROM identifiers i JOIN users u ON u.project_id = ?1 AND u.id = i.user_id
            WHERE i.project_id = ?1 AND i.kind = ?4 AND i.canonical = ?5 AND i.released_at IS NULL))`,
    )
    .bind(projectId, JSON.stringify(names), JSON.stringify(locales), reader?.kind ?? '', reader?.canonical ?? '')

export const selectTemplate = (db: D1Database, projectId: string, name: string, locale: string) =>
  db
    .prepare(`SELECT ${TEMPLATE} FROM templates WHERE project_id = ? AND name = ? AND locale = ?`)
    .bind(projectId, name, locale)

/** By name and language, after `after` (`name/locale`). */
export const selectTemplates = (db: D1Database, projectId: string, limit: number, after: string | null) =>
  db
    .prepare(
      `SELECT ${TEMPLATE} FROM templates WHERE project_id = ?1 AND (?3 IS NULL OR name || '/' || locale > ?3)
       ORDER BY name || '/' || locale LIMIT ?2`,
    )
    .bind(projectId, limit, after)

export const selectTemplateNames = (db: D1Database, projectId: string) =>
  db.prepare('SELECT DISTINCT name FROM templates WHERE project_id = ?').bind(projectId)

/** Changes nothing where the project has `max` already and this is one more. */
export const putTemplate = (
  db: D1Database,
  projectId: string,
  { name, locale, subject, html, text }: Omit<TemplateRow, 'created_at' | 'updated_at'>,
  now: number,
  max: number,
) =>
  db
    .prepare(
      `INSERT INTO templates (project_id, name, locale, subject, html, text, created_at, updated_at)
       SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7
       WHERE (SELECT COUNT(*) FROM templates WHERE project_id = ?1) < ?8
          OR EXISTS (SELECT 1 FROM templates WHERE project_id = ?1 AND name = ?2 AND locale = ?3)
       ON CONFLICT (project_id, name, locale) DO UPDATE SET subject = excluded.subject, html = excluded.html,
         text = excluded.text, updated_at = excluded.updated_at
       RETURNING ${TEMPLATE}`,
    )
    .bind(projectId, name, locale, subject, html, text, now, max)

export const deleteTemplate = (db: D1Database, projectId: string, name: string, locale: string) =>
  db.prepare('DELETE FROM templates WHERE project_id = ? AND name = ? AND locale = ?').bind(projectId, name, locale)
