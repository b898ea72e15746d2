import { describe, expect, test } from 'vitest';
import { parseRequestLine } from '../../../../src/cli/host/qmp-arguments.ts';
import { completeRequest } from '../../../../src/cli/host/qmp-completion.ts';
import { InvalidInputError, QmpSchema } from '../../../../src/qmp/index.ts';

/** A small schema in QEMU’s format, with the relevant parts of blockdev-add. */
const schema = new QmpSchema([
  { 'meta-type': 'command', name: 'blockdev-add', 'arg-type': '1', 'ret-type': '0' },
  { 'meta-type': 'command', name: 'blockdev-del', 'arg-type': '5', 'ret-type': '0' },
  { 'meta-type': 'event', name: 'STOP', 'arg-type': '0' },
  { 'meta-type': 'object', name: '0', members: [] },
  {
    'meta-type': 'object',
    name: '1',
    tag: 'driver',
    members: [
      { name: 'driver', type: '2' },
      { name: 'node-name', default: null, type: 'str' },
      { name: 'read-only', default: null, type: 'bool' },
    ],
    variants: [
      { case: 'qcow2', type: '3' },
      { case: 'null-co', type: '6' },
    ],
  },
  { 'meta-type': 'enum', name: '2', values: ['null-co', 'qcow2'] },
  { 'meta-type': 'object', name: '3', members: [{ name: 'file', type: '4' }] },
  { 'meta-type': 'alternate', name: '4', members: [{ type: '1' }, { type: 'str' }] },
  { 'meta-type': 'object', name: '5', members: [{ name: 'node-name', type: 'str' }] },
  { 'meta-type': 'object', name: '6', members: [{ name: 'size', default: null, type: 'int' }] },
  { 'meta-type': 'builtin', name: 'str', 'json-type': 'string' },
  { 'meta-type': 'builtin', name: 'bool', 'json-type': 'boolean' },
  { 'meta-type': 'builtin', name: 'int', 'json-type': 'int' },
]);

describe('a line', () => {
  test.each([
    ['blockdev-del node-name=123', { 'node-name': '123' }],
    [
      'blockdev-add driver=null-co size=18446744073709551615',
      { driver: 'null-co', size: 18446744073709551615n },
    ],
    ['blockdev-add read-only=on  driver=null-co', { 'read-only': true, driver: 'null-co' }],
    ['blockdev-add file.driver=null-co file.size=7', { file: { driver: 'null-co', size: 7 } }],
    ['blockdev-add file=123', { file: '123' }],
    [
      'blockdev-add file={"driver": "null-co", "node-name": "a b}"} read-only=false',
      {
        file: { driver: 'null-co', 'node-name': 'a b}' },
        'read-only': false,
      },
    ],
    [`blockdev-del node-name="two words"`, { 'node-name': 'two words' }],
    [`blockdev-del 'node-name=it"s'`, { 'node-name': 'it"s' }],
    ['blockdev-del node-name=a=b', { 'node-name': 'a=b' }],
    ['blockdev-del node-name=', { 'node-name': '' }],
    ['blockdev-del {"node-name": "x\\"}"}', { 'node-name': 'x"}' }],
    ['unknown n=5 s=word l=[1,2]', { n: 5, s: 'word', l: [1, 2] }],
    ['{"execute": "query-status"}', {}],
    ['{"execute": "x", "arguments": {"a": 1}}', { a: 1 }],
  ])('%s', (line, args) => {
    expect(parseRequestLine(line, schema).args).toEqual(args);
  });

  test.each([
    'blockdev-del word',
    'blockdev-del =1',
    'a {"b"',
    "a 'b",
    '{"x":1}',
    'a __proto__.b=1',
    'a b=1 b.c=2',
    '{',
  ])('%s is rejected', (line) => {
    expect(() => parseRequestLine(line, schema)).toThrow(InvalidInputError);
  });
});

describe('completion', () => {
  test.each([
    ['blockdev-', ['blockdev-add ', 'blockdev-del ']],
    ['blockdev-add f', ['file.']],
    ['blockdev-add file.n', ['file.node-name=']],
    ['blockdev-add driver=q', ['driver=qcow2 ']],
    ['blockdev-add file.driver=null', ['file.driver=null-co ']],
    ['blockdev-add read-only=', ['read-only=false ', 'read-only=true ']],
    ['unknown x', []],
    ['blockdev-add nothing.', []],
  ])('%s', (line, hits) => {
    expect(completeRequest(line, schema)[0]).toEqual(hits);
  });
});
