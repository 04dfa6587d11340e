/**
 * The part of Scalekit's protocol that the front speaks, by its names and field numbers. Those are facts of the wire;
 * nothing here is the vendor's code, and the vendor's package is needed by the tests alone.
 *
 * Every field has explicit presence: a message is then translated to JSON with exactly the fields that were sent, and on
 * the wire it is the same.
 */

import { create, createFileRegistry, type DescMessage, type DescMethod, type DescMethodUnary } from '@bufbuild/protobuf'
import {
  type DescriptorProto,
  DescriptorProtoSchema,
  Edition,
  EnumDescriptorProtoSchema,
  type FieldDescriptorProto,
  FieldDescriptorProtoSchema,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FieldDescriptorProto_Label as Label,
  ServiceDescriptorProtoSchema,
  FieldDescriptorProto_Type as Type,
} from '@bufbuild/protobuf/wkt'

const PASSWORDLESS = 'scalekit.v1.auth.passwordless'
const ERRORS = 'scalekit.v1.errdetails'

const passwordless = file(PASSWORDLESS, {
  messageType: [
    message('SendPasswordlessRequest', [
      field(1, 'email', Type.STRING),
      field(2, 'template', Type.ENUM, { typeName: `.${PASSWORDLESS}.TemplateType` }),
      field(3, 'magiclink_auth_uri', Type.STRING),
      field(4, 'state', Type.STRING),
      field(5, 'expires_in', Type.UINT32),
      field(6, 'template_variables', Type.MESSAGE, {
        label: Label.REPEATED,
        typeName: `.${PASSWORDLESS}.SendPasswordlessRequest.TemplateVariablesEntry`,
      }),
    ]),
    message('SendPasswordlessResponse', [
      field(1, 'auth_request_id', Type.STRING),
      field(2, 'expires_at', Type.INT64),
      field(3, 'expires_in', Type.UINT32),
      field(4, 'passwordless_type', Type.ENUM, { typeName: `.${PASSWORDLESS}.PasswordlessType` }),
    ]),
    message('ResendPasswordlessRequest', [field(1, 'auth_request_id', Type.STRING)]),
    message(
      'VerifyPasswordLessRequest',
      [
        field(1, 'code', Type.STRING, { oneofIndex: 0 }),
        field(2, 'link_token', Type.STRING, { oneofIndex: 0 }),
        field(3, 'auth_request_id', Type.STRING),
      ],
      { oneofDecl: [{ name: 'auth_credential' }] },
    ),
    message('VerifyPasswordLessResponse', [
      field(1, 'email', Type.STRING),
      field(2, 'state', Type.STRING),
      field(3, 'template', Type.ENUM, { typeName: `.${PASSWORDLESS}.TemplateType` }),
      field(4, 'passwordless_type', Type.ENUM, { typeName: `.${PASSWORDLESS}.PasswordlessType` }),
    ]),
  ],
  enumType: [
    enumeration('TemplateType', ['UNSPECIFIED', 'SIGNIN', 'SIGNUP']),
    enumeration('PasswordlessType', ['PASSWORDLESS_TYPE_UNSPECIFIED', 'OTP', 'LINK', 'LINK_OTP']),
  ],
  service: [
    create(ServiceDescriptorProtoSchema, {
      name: 'PasswordlessService',
      method: [
        rpc('SendPasswordlessEmail', 'SendPasswordlessRequest', 'SendPasswordlessResponse'),
        rpc('ResendPasswordlessEmail', 'ResendPasswordlessRequest', 'SendPasswordlessResponse'),
        rpc('VerifyPasswordlessEmail', 'VerifyPasswordLessRequest', 'VerifyPasswordLessResponse'),
      ],
    }),
  ],
})

// A map is, on the wire, a list of entries.
passwordless.messageType[0]?.nestedType.push(
  message('TemplateVariablesEntry', [field(1, 'key', Type.STRING), field(2, 'value', Type.STRING)], {
    options: { mapEntry: true },
  }),
)

const errors = file(ERRORS, {
  messageType: [
    message('ErrorInfo', [
      field(1, 'error_code', Type.STRING),
      field(6, 'request_info', Type.MESSAGE, { typeName: `.${ERRORS}.RequestInfo` }),
      field(8, 'validation_error_info', Type.MESSAGE, { typeName: `.${ERRORS}.ValidationErrorInfo` }),
    ]),
    message('RequestInfo', [field(1, 'request_id', Type.STRING), field(2, 'serving_data', Type.STRING)]),
    message(
      'ValidationErrorInfo',
      [
        field(1, 'field_violations', Type.MESSAGE, {
          label: Label.REPEATED,
          typeName: `.${ERRORS}.ValidationErrorInfo.FieldViolation`,
        }),
      ],
      {
        nestedType: [
          message('FieldViolation', [
            field(1, 'field', Type.STRING),
            field(2, 'description', Type.STRING),
            field(3, 'constraint', Type.STRING),
          ]),
        ],
      },
    ),
  ],
})

const registry = createFileRegistry(
  createFileRegistry(passwordless, () => undefined),
  createFileRegistry(errors, () => undefined),
)

/** The calls that are translated: the REST path of each. */
export const CALLS: { method: DescMethodUnary<DescMessage, DescMessage>; path: string }[] = [
  { method: unary('SendPasswordlessEmail'), path: '/api/v1/passwordless/email/send' },
  { method: unary('ResendPasswordlessEmail'), path: '/api/v1/passwordless/email/resend' },
  { method: unary('VerifyPasswordlessEmail'), path: '/api/v1/passwordless/email/verify' },
]

export const ERROR_INFO: DescMessage = found(registry.getMessage(`${ERRORS}.ErrorInfo`))
/** How an ErrorInfo is announced among a REST error's details. */
export const ERROR_INFO_TYPE = `type.googleapis.com/${ERRORS}.ErrorInfo`

function unary(name: string): DescMethodUnary<DescMessage, DescMessage> {
  const service = found(registry.getService(`${PASSWORDLESS}.PasswordlessService`))
  const isIt = (method: DescMethod): method is DescMethodUnary<DescMessage, DescMessage> => method.name === name
  return found(service.methods.find(isIt))
}

function found<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('The descriptors lack a type.')
  return value
}

// --- how descriptors are written ------------------------------------------------------------------------------------

type Rest<T> = Partial<Omit<T, '$typeName' | '$unknown'>>

function file(name: string, parts: Rest<FileDescriptorProto>): FileDescriptorProto {
  return create(FileDescriptorProtoSchema, {
    name: `${name.replaceAll('.', '/')}.proto`,
    package: name,
    syntax: 'editions',
    edition: Edition.EDITION_2023,
    ...parts,
  })
}

function message(
  name: string,
  fields: FieldDescriptorProto[],
  more: {
    oneofDecl?: { name: string }[]
    nestedType?: DescriptorProto[]
    options?: { mapEntry: boolean }
  } = {},
): DescriptorProto {
  return create(DescriptorProtoSchema, { name, field: fields, ...more })
}

function field(number: number, name: string, type: Type, more: Rest<FieldDescriptorProto> = {}): FieldDescriptorProto {
  return create(FieldDescriptorProtoSchema, { number, name, type, label: Label.OPTIONAL, ...more })
}

function enumeration(name: string, values: string[]) {
  const value = values.map((valueName, number) => ({ name: valueName, number }))
  return create(EnumDescriptorProtoSchema, { name, value })
}

function rpc(name: string, input: string, output: string) {
  return { name, inputType: `.${PASSWORDLESS}.${input}`, outputType: `.${PASSWORDLESS}.${output}` }
}
