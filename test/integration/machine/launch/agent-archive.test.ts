import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { agentArchive, appendAgentArchive } from '../../../../src/machine/launch/agent-archive.ts';
import { quoteForShell } from '../../../../src/machine/qemu/quote.ts';
import { temporaryDirectory } from '../../../directory.ts';

const directory = temporaryDirectory();

it.each([0, 1, 2, 3])('the script of a dry run makes the same archive, with %i bytes of padding', (more) => {
  const [agentPath, target] = [join(directory, "the agent's"), join(directory, `initrd ${more}`)];
  const agent = Buffer.concat([Buffer.from('\x7fELF\0'), Buffer.alloc(1000 - more, '%\\\0')]);
  writeFileSync(agentPath, agent);
  writeFileSync(target, 'base');
  const command = (words: readonly string[]): string => words.map(quoteForShell).join(' ');
  const script = appendAgentArchive(agent, { agentPath, target }, command);
  execFileSync('sh', ['-ec', script.join('\n')]);
  const whole = Buffer.concat([Buffer.from('base'), agentArchive(agent)]);
  expect(readFileSync(target).equals(whole)).toBe(true);
});
