/** Distinguishes valid answers from those that only a malicious peer sends. */
type Shape = (value: unknown) => boolean;

const text: Shape = (value) => typeof value === 'string';
const flag: Shape = (value) => typeof value === 'boolean';
const whole: Shape = (value) => typeof value === 'bigint' || Number.isSafeInteger(value);

function optional(shape: Shape): Shape {
  return (value) => value === undefined || shape(value);
}

function list(shape: Shape): Shape {
  return (value) => Array.isArray(value) && value.every(shape);
}

function object(members: Readonly<Record<string, Shape>>): Shape {
  const shapes = Object.entries(members);
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
    return shapes.every(([name, shape]) => shape((value as Record<string, unknown>)[name]));
  };
}

const snapshot = object({
  ...{ id: text, name: text, 'date-sec': whole, 'date-nsec': whole, 'vm-state-size': whole },
});
const image = object({ filename: text, 'virtual-size': whole, snapshots: optional(list(snapshot)) });
const counters = object({ rd_bytes: whole, wr_bytes: whole, rd_operations: whole, wr_operations: whole });

/** The parts of each answer that vmlet relies on; the generated types declare the rest without any check. */
const ANSWERS: ReadonlyMap<string, Shape> = new Map([
  ['query-status', object({ status: text, running: flag })],
  ['query-named-block-nodes', list(object({ 'node-name': optional(text), image }))],
  ['query-block', list(object({ device: text, removable: flag, qdev: optional(text) }))],
  ['query-blockstats', list(object({ qdev: optional(text), 'node-name': optional(text), stats: counters }))],
  ['query-jobs', list(object({ id: text, status: text, error: optional(text) }))],
  [
    'query-migrate',
    object({
      status: optional(text),
      'error-desc': optional(text),
      ram: optional(object({ total: whole, remaining: whole })),
    }),
  ],
  ['query-cpus-fast', list(object({ 'thread-id': whole }))],
  ['query-memory-size-summary', object({ 'base-memory': whole })],
  ['query-balloon', object({ actual: whole })],
  ['query-chardev', list(object({ label: text, filename: text }))],
  ['query-qmp-schema', list(object({ name: text, 'meta-type': text }))],
  ['query-commands', list(object({ name: text }))],
  ['qom-list', list(object({ name: text, type: text }))],
]);

/** True when a value is a valid answer to this command. */
export function isAnswerTo(command: string, value: unknown): boolean {
  return ANSWERS.get(command)?.(value) ?? true;
}
