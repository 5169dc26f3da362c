import {
  createFileRegistry,
  fromBinary,
  ScalarType,
  type DescEnum,
  type DescField,
  type DescMessage,
  type DescService,
} from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

/** Each thing that a set of interface definitions says on the wire, by its full name; values of enums by `<enum>#<number>`. */
export type Definitions = ReadonlyMap<string, string>;

/**
 * Reads what an image made by `buf build` defines: messages, fields, enums and their values, services and methods, each with
 * all that matters on the wire. Options, comments and reserved numbers do not.
 */
export function readDefinitions(image: Uint8Array): Definitions {
  const found = new Map<string, string>();
  for (const type of createFileRegistry(fromBinary(FileDescriptorSetSchema, image))) {
    if (type.kind === 'message') readMessage(type, found);
    else if (type.kind === 'enum') readEnum(type, found);
    else if (type.kind === 'service') readService(type, found);
  }
  return found;
}

function readMessage(message: DescMessage, found: Map<string, string>): void {
  found.set(message.typeName, 'message');
  for (const field of message.fields) found.set(`${message.typeName}.${field.name}`, describeField(field));
}

function describeField(field: DescField): string {
  const parts = [`${field.number}`, typeOf(field)];
  // A oneof's name is not on the wire, but what it holds is; a proto3 `optional` is a oneof of its own.
  if (field.oneof !== undefined) parts.push(`in oneof ${field.oneof.fields.map(({ name }) => name).join('|')}`);
  else if (field.fieldKind === 'scalar' || field.fieldKind === 'enum') parts.push(`presence ${field.presence}`);
  return parts.join(', ');
}

function typeOf(field: DescField): string {
  switch (field.fieldKind) {
    case 'scalar':
      return ScalarType[field.scalar];
    case 'enum':
      return field.enum.typeName;
    case 'message':
      return field.message.typeName;
    case 'list':
      return `repeated ${elementOf(field.listKind, field)}${field.packed ? ' packed' : ''}`;
    case 'map':
      return `map<${ScalarType[field.mapKey]}, ${elementOf(field.mapKind, field)}>`;
  }
}

function elementOf(
  kind: 'scalar' | 'enum' | 'message',
  field: {
    readonly scalar?: ScalarType | undefined;
    readonly enum?: DescEnum | undefined;
    readonly message?: DescMessage | undefined;
  },
): string {
  if (kind === 'scalar') return ScalarType[field.scalar ?? 0] ?? '';
  return (kind === 'enum' ? field.enum?.typeName : field.message?.typeName) ?? '';
}

function readEnum(type: DescEnum, found: Map<string, string>): void {
  found.set(type.typeName, 'enum');
  for (const value of type.values) found.set(`${type.typeName}#${value.number}`, value.name);
}

function readService(service: DescService, found: Map<string, string>): void {
  found.set(service.typeName, 'service');
  for (const method of service.methods) {
    found.set(
      `${service.typeName}/${method.name}`,
      `${method.methodKind}: ${method.input.typeName} -> ${method.output.typeName}`,
    );
  }
}
