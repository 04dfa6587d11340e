/** The operations of /v1/clients and /v1/projects for openapi.json. */

import { listAnswer, projectAnswer } from './answers.ts'
import {
  clientAnswer,
  clientChanged,
  clientCreated,
  createClientBody,
  createProjectBody,
  patchClientBody,
} from './client-schemas.ts'
import type { Operation } from './openapi.ts'
import { pageQuery, projectPatchDocument } from './schemas.ts'

export const CLIENT_OPERATIONS: Operation[] = [
  {
    method: 'get',
    path: '/v1/clients',
    id: 'listClients',
    summary: 'Clients, newest first',
    scope: 'settings:read',
    query: pageQuery,
    answer: { status: 200, schema: listAnswer(clientAnswer) },
  },
  {
    method: 'post',
    path: '/v1/clients',
    id: 'createClient',
    summary: 'Register an application; its secret is shown once',
    scope: 'settings:write',
    body: createClientBody,
    answer: { status: 201, schema: clientCreated },
    problems: ['identifier_taken'],
  },
  {
    method: 'get',
    path: '/v1/clients/{id}',
    id: 'getClient',
    summary: 'One client',
    scope: 'settings:read',
    answer: { status: 200, schema: clientAnswer },
    problems: ['not_found'],
  },
  {
    method: 'patch',
    path: '/v1/clients/{id}',
    id: 'updateClient',
    summary: 'Change a client by a merge patch (RFC 7396), or its secret',
    scope: 'settings:write',
    body: patchClientBody,
    optionalBody: true,
    answer: { status: 200, schema: clientChanged },
    problems: ['not_found'],
  },
  {
    method: 'delete',
    path: '/v1/clients/{id}',
    id: 'deleteClient',
    summary: 'Delete a client; it is refused everywhere within 30 seconds',
    scope: 'settings:write',
    answer: { status: 204 },
    problems: ['not_found'],
  },
]

export const PROJECT_OPERATIONS: Operation[] = [
  {
    method: 'get',
    path: '/v1/projects',
    id: 'listProjects',
    summary: 'Projects, newest first',
    scope: 'root',
    query: pageQuery,
    answer: { status: 200, schema: listAnswer(projectAnswer) },
  },
  {
    method: 'post',
    path: '/v1/projects',
    id: 'createProject',
    summary: 'Create a project, with its own users, keys and issuer',
    scope: 'root',
    body: createProjectBody,
    answer: { status: 201, schema: projectAnswer },
  },
  {
    method: 'patch',
    path: '/v1/projects/{id}',
    id: 'updateProjectById',
    summary: 'Change a project by a merge patch (RFC 7396), as PATCH /v1/project does',
    scope: 'root',
    body: projectPatchDocument,
    answer: { status: 200, schema: projectAnswer },
    problems: ['not_found'],
  },
  {
    method: 'delete',
    path: '/v1/projects/{id}',
    id: 'deleteProject',
    summary: 'Delete a project and everything in it; never the first one',
    scope: 'root',
    answer: { status: 204 },
    problems: ['not_found', 'invalid_request'],
  },
]
