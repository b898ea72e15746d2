import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import { formatRecords } from '../../../../src/cli/output/record-format.ts';

const RECORDS = [
  { name: 'a', spec: { memoryBytes: 5, labels: { k: 'v' } }, pid: 7 },
  { name: 'b', spec: { memoryBytes: 6, labels: {} }, started: new Date(0), nothing: null },
];

describe('a template', () => {
  it.each([
    ['{{.Name}}', 'a\nb\n'],
    ['{{ .name }}', 'a\nb\n'],
    ['{{.Name}}:{{.Spec.MemoryBytes}}', 'a:5\nb:6\n'],
    ['{{.Pid}}', '7\n\n'],
    ['{{json .Pid}}', '7\nnull\n'],
    ['{{.Nothing}}', '\n\n'],
    ['{{.Nothing.Foo.Bar}}', '\n\n'],
    ['{{.Spec.Labels.K}}', 'v\n\n'],
    ['{{.Spec.Labels}}', '{"k":"v"}\n{}\n'],
    ['{{json .Name}}', '"a"\n"b"\n'],
    ['{{.Name}}\\t{{.Pid}}\\\\', 'a\t7\\\nb\t\\\n'],
    ['table {{.Name}} {{.Spec.MemoryBytes}}', 'NAME  SPEC.MEMORYBYTES\na     5\nb     6\n'],
  ])('%s', (template, text) => {
    expect(formatRecords(template, RECORDS)).toBe(text);
  });

  it('prints a whole record as JSON', () => {
    expect(formatRecords('{{json .}}', [{ name: 'a' }])).toBe('{"name":"a"}\n');
  });

  it('shows control characters in a value', () => {
    expect(formatRecords('{{.Name}}', [{ name: 'a\nb\u001b[2J' }])).toBe('a\\nb\\x1b[2J\n');
  });

  it.each(['name', '', '{{Name}}', '{{.Name', '.Name}}', '{{range .}}{{.Name}}{{end}}'])(
    '%j is rejected',
    (template) => {
      expect(() => formatRecords(template, RECORDS)).toThrow(InvalidInputError);
      expect(() => formatRecords(template, RECORDS)).toThrow('--format: invalid template');
    },
  );

  it.each([
    ['{{.Foo}}', '.Foo', 'available fields: name, spec, pid, started, nothing'],
    ['{{.Spec.Foo}}', '.Spec.Foo', 'available fields: memoryBytes, labels'],
    ['{{.Name.Foo}}', '.Name.Foo', 'leave out .Foo: .Name has no fields'],
    ['{{.constructor}}', '.constructor', 'available fields: '],
  ])('%s is an unknown field', (template, field, hint) => {
    const attempt = (): unknown => formatRecords(template, RECORDS);
    expect(attempt).toThrow(`no such field: ${field}`);
    expect(attempt).toThrow(
      expect.objectContaining({ hint: expect.stringContaining(hint) as string }) as Error,
    );
  });

  it('accepts any field of an empty list', () => {
    expect(formatRecords('{{.Foo}}', [])).toBe('');
  });

  it('prints empty fields of records that do not decide which fields exist', () => {
    expect(formatRecords('{{.Spec.MemoryBytes}}', [{ name: 'a' }], [])).toBe('\n');
    expect(() => formatRecords('{{.Foo}}', [{ name: 'a' }], RECORDS)).toThrow('no such field: .Foo');
  });
});
