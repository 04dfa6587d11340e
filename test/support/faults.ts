/** The app over bindings that fail when a test tells them to: for all that is asked, or for one piece of work alone. */

import { AsyncLocalStorage } from 'node:async_hooks'
import type { Ledger } from '../../src/domain/ledger/ledger-object.ts'
import type { Delivery, Ports } from '../../src/ports.ts'
import { env, testApp } from './app.ts'

export type Part = 'd1' | 'kv get' | 'kv put' | 'ledger' | 'assets' | 'limit' | 'provider'
/** What the fault of a ledger is for: its object, to be evicted or rung. */
type Asked = { ledger?: DurableObjectStub<Ledger> }
/** What becomes of a call to a part; `run` does it, `time` counts from 1. */
export type Fault = (run: () => Promise<any>, time: number, asked: Asked) => Promise<unknown>
export type Faults = Partial<Record<Part, Fault>>
export type Counts = Partial<Record<Part, number>>

export const sleep = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds))
export const never = () => new Promise<never>(() => {})

/** What the work in this context meets: its faults, how often it asked each part, and how far its clock is ahead. */
type Weather = { faults: Faults; times: Counts; aheadMs: number }

const accepted: Delivery = {
  status: 'accepted',
  provider: 'outbox',
  providerId: '1',
  attempts: [{ provider: 'outbox', event: 'accepted', detail: '' }],
}

export function faultyApp({
  ports = {},
  bindings: others = {},
}: {
  ports?: Partial<Ports>
  bindings?: Record<string, unknown>
} = {}) {
  const everywhere: Weather = { faults: {}, times: {}, aheadMs: 0 }
  const local = new AsyncLocalStorage<Weather>()
  const weather = () => local.getStore() ?? everywhere

  const call = async (part: Part, run: () => Promise<unknown>, asked: Asked = {}): Promise<unknown> => {
    const { faults, times } = weather()
    const time = (times[part] ?? 0) + 1
    times[part] = time
    const fault = faults[part]
    return fault ? fault(run, time, asked) : run()
  }

  const statements = new WeakMap<D1PreparedStatement, D1PreparedStatement>()
  const wrap = (statement: D1PreparedStatement): D1PreparedStatement => {
    const proxy = new Proxy(statement, {
      get(target, name) {
        if (name === 'bind') return (...values: unknown[]) => wrap(target.bind(...values))
        const method = Reflect.get(target, name)
        return typeof method === 'function' ? () => call('d1', () => method.call(target)) : method
      },
    })
    statements.set(proxy, statement)
    return proxy
  }
  // A test is hundreds of visits: never over the limit.
  const limiter = { limit: () => call('limit', async () => ({ success: true })) }
  const bindings = {
    DB: new Proxy(env.DB, {
      get(target, name) {
        if (name === 'prepare') return (sql: string) => wrap(target.prepare(sql))
        return (list: D1PreparedStatement[]) =>
          call('d1', () => target.batch(list.map((statement) => statements.get(statement) ?? statement)))
      },
    }),
    CODES: new Proxy(env.CODES, {
      get(target, name) {
        return (...args: unknown[]) =>
          call(name === 'put' ? 'kv put' : 'kv get', () => Reflect.get(target, name).apply(target, args))
      },
    }),
    LEDGER: new Proxy(env.LEDGER, {
      get(target, name) {
        if (name !== 'get') return Reflect.get(target, name).bind(target)
        return (id: DurableObjectId) => ({
          run: (command: never) => call('ledger', async () => target.get(id).run(command), { ledger: target.get(id) }),
        })
      },
    }),
    ...(env.ASSETS && {
      ASSETS: { fetch: (url: string) => call('assets', () => env.ASSETS?.fetch(url) as Promise<Response>) },
    }),
    PAGE_LIMIT: limiter,
    PROJECT_LIMIT: limiter,
    ...others,
  }
  const app = testApp({
    bindings,
    ports: {
      now: () => Date.now() + weather().aheadMs,
      sendMail: async (mail) =>
        call('provider', async () => {
          app.outbox.push(structuredClone(mail))
          return accepted
        }) as Promise<Delivery>,
      sendText: async (text) =>
        call('provider', async () => {
          app.texts.push(structuredClone(text))
          return accepted
        }) as Promise<Delivery>,
      ...ports,
    },
  })
  return {
    app,
    bindings,
    break: (broken: Faults) => {
      Object.assign(everywhere.faults, broken)
      everywhere.times = {}
    },
    heal: () => {
      everywhere.faults = {}
      everywhere.times = {}
    },
    /**
     * Does `work`, which alone meets these faults; how often it asked each part is counted.
     * @param aheadMs its clock is so far ahead: with more than 30 s, nothing is in the isolate's cache
     */
    during: async <T>(faults: Faults, work: () => Promise<T>, aheadMs = 0): Promise<{ result: T; times: Counts }> => {
      const own: Weather = { faults, times: {}, aheadMs }
      return { result: await local.run(own, work), times: own.times }
    },
  }
}
