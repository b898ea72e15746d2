import { beforeAll, expect, test, vi } from 'vitest';
import type * as Actions from '../../../../page/actions/actions.ts';

let actionsOf: typeof Actions.actionsOf;

beforeAll(async () => {
  // The page's modules ask the browser for its address and storage when they are loaded.
  vi.stubGlobal('sessionStorage', { getItem: () => null });
  vi.stubGlobal('location', { hash: '' });
  vi.stubGlobal('addEventListener', () => undefined);
  ({ actionsOf } = await import('../../../../page/actions/actions.ts'));
});

/** The kinds of the actions of a machine, of the fields that they depend on. */
const kinds = (kind: string, spec: object = {}): string[] =>
  actionsOf({ name: 'm', state: kind, status: { kind }, spec } as never).map((action) => action.kind);

test('only a machine without saved memory can be cloned', () => {
  expect(kinds('stopped')).toEqual(['start', 'clone', 'set', 'rename', 'protect', 'remove']);
  expect(kinds('saved')).toEqual(['start', 'start', 'set', 'rename', 'protect', 'remove']);
});

test('a machine that is removed at its end cannot be saved', () => {
  expect(kinds('running', { command: { remove: false } })).toContain('save');
  expect(kinds('running', { command: { remove: true } })).not.toContain('save');
});
