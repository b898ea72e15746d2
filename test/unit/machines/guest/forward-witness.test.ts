import { expect, test } from 'vitest';
import { chooseWitness } from '../../../../src/machines/guest/forward-witness.ts';
import { type Witness, witnessByForward } from '../../../../src/network/probe/forward-probe.ts';

const byForward = witnessByForward({ address: '127.0.0.1', port: 2222 });
const byAgent: Witness = { answers: async () => Promise.resolve(true), graceMs: 1000 };

test.each([
  ['the other forward, for the first look', byForward, undefined, byAgent, byForward],
  ['the other forward, while the guest answers', byForward, 'refuses', byAgent, byForward],
  ['the agent, if the other server may be quiet too', byForward, 'silent', byAgent, byAgent],
  ['the other forward, without an agent', byForward, 'silent', undefined, byForward],
  ['the agent, without another forward', undefined, undefined, byAgent, byAgent],
] as const)('a port is judged by %s', async (_what, forward, last, agent, chosen) => {
  expect(await chooseWitness(forward, last, async () => Promise.resolve(agent))).toBe(chosen);
});
