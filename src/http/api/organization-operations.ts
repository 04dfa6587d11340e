/** What openapi.json says of organizations. */

import * as answers from './answers.ts'
import type { Operation } from './openapi.ts'
import * as schemas from './schemas.ts'

const { listAnswer } = answers

export const ORGANIZATION_OPERATIONS: Operation[] = [
  {
    method: 'get',
    path: '/v1/organizations',
    id: 'listOrganizations',
    summary: 'Organizations, newest first',
    scope: 'users:read',
    query: schemas.organizationsQuery,
    answer: { status: 200, schema: listAnswer(answers.organizationAnswer) },
  },
  {
    method: 'post',
    path: '/v1/organizations',
    id: 'createOrganization',
    summary: 'Create an organization',
    scope: 'users:write',
    body: schemas.createOrganizationBody,
    answer: { status: 201, schema: answers.organizationAnswer },
    problems: ['identifier_taken'],
  },
  {
    method: 'get',
    path: '/v1/organizations/{id}',
    id: 'getOrganization',
    summary: 'One organization',
    scope: 'users:read',
    answer: { status: 200, schema: answers.organizationAnswer },
    problems: ['not_found'],
  },
  {
    method: 'patch',
    path: '/v1/organizations/{id}',
    id: 'updateOrganization',
    summary: 'Change an organization; what is left out stays',
    scope: 'users:write',
    body: schemas.updateOrganizationBody,
    answer: { status: 200, schema: answers.organizationAnswer },
    problems: ['not_found', 'identifier_taken'],
  },
  {
    method: 'delete',
    path: '/v1/organizations/{id}',
    id: 'deleteOrganization',
    summary: 'Delete an organization; its members stay users, and their tokens of it are not refreshed',
    scope: 'users:write',
    answer: { status: 204 },
    problems: ['not_found'],
  },
  {
    method: 'get',
    path: '/v1/organizations/{id}/members',
    id: 'listMembers',
    summary: 'Members of an organization',
    scope: 'users:read',
    query: schemas.pageQuery,
    answer: { status: 200, schema: listAnswer(answers.memberAnswer) },
    problems: ['not_found'],
  },
  {
    method: 'post',
    path: '/v1/organizations/{id}/members',
    id: 'addMember',
    summary: 'Make a user a member, or give a member other roles',
    scope: 'users:write',
    body: schemas.memberBody,
    answer: { status: 201, schema: answers.memberAnswer },
    problems: ['not_found'],
  },
  {
    method: 'put',
    path: '/v1/organizations/{id}/members/{user_id}',
    id: 'setMemberRoles',
    summary: "Set a member's roles; makes the user a member if they are none",
    scope: 'users:write',
    body: schemas.memberRolesBody,
    answer: { status: 200, schema: answers.memberAnswer },
    problems: ['not_found'],
  },
  {
    method: 'delete',
    path: '/v1/organizations/{id}/members/{user_id}',
    id: 'removeMember',
    summary: 'End a membership',
    scope: 'users:write',
    answer: { status: 204 },
    problems: ['not_found'],
  },
]
