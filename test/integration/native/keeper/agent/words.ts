import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { until } from '../../../../until.ts';
import type { GuestAgent } from '../../../../../src/guest/agent/agent.ts';
import { encodeCommand } from '../../../../../src/guest/agent/command.ts';
import { FieldWriter, Operation, Tag } from '../../../../../src/guest/agent/fields.ts';

/** Four bytes, little-endian. */
export function number(value: number): Buffer {
  const four = Buffer.alloc(4);
  four.writeUInt32LE(value);
  return four;
}

export function bytes(...values: number[]): Buffer {
  return Buffer.from(values);
}

/** One request of each kind. */
export const cat = encodeCommand(['cat'], { stdin: 'pipe' });
/** A command that reads nothing and does not end. */
export const sleep = encodeCommand(['sleep', '1000'], { stdin: 'pipe' });
export const push = new FieldWriter(Operation.push).text(Tag.path, '/x').toBuffer();
/** A pull of a file that is longer than its credit: it does not end by itself. */
export const pull = new FieldWriter(Operation.pull).text(Tag.path, process.execPath).toBuffer();
export const sync = new FieldWriter(Operation.sync).toBuffer();

/** It runs commands. */
export async function echoes(guest: GuestAgent, words: string): Promise<void> {
  expect((await guest.exec(['cat'], { input: words })).stdout.toString()).toBe(words);
}

/** The pid that a command writes into the file as it starts. */
export async function pidOf(file: string): Promise<number> {
  const read = (): string => readFileSync(file, { encoding: 'utf8', flag: 'a+' });
  await until(() => read().endsWith('\n'), { awaited: 'a command has written its pid' });
  return Number(read());
}
