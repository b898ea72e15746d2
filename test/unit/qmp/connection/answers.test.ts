import { expect, it } from 'vitest';
import { isAnswerTo } from '../../../../src/qmp/connection/answers.ts';

it.each([
  ['query-status', { status: 'running', running: true }, true],
  ['query-status', { status: 'running' }, false],
  ['query-status', null, false],
  ['query-status', [1, 2, 3], false],
  ['query-named-block-nodes', [], true],
  ['query-named-block-nodes', {}, false],
  [
    'query-named-block-nodes',
    [{ 'node-name': 'disk0', image: { filename: '/d', 'virtual-size': 1024 } }],
    true,
  ],
  ['query-named-block-nodes', [{ 'node-name': 'disk0', image: { filename: 7, 'virtual-size': 1 } }], false],
  ['query-block', 'text', false],
  ['query-migrate', {}, true],
  ['cont', null, true],
] as const)('%s answered with %j: %s', (command, value, expected) => {
  expect(isAnswerTo(command, value)).toBe(expected);
});
