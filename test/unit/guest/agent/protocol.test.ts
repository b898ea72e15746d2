import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ExecFlag, Operation, Phase, PushFlag, Tag } from '../../../../src/guest/agent/fields.ts';
import {
  FLAG_MORE,
  FrameType,
  PAYLOAD_MAX,
  REQUEST_MAX,
  Stream,
  WINDOW,
} from '../../../../src/guest/agent/agent-frame.ts';
import { packageFile } from '../../../../src/util/package-file.ts';

/** Names and numbers from the agent’s own source. */
function numbersOfC(): ReadonlyMap<string, number> {
  const text = readFileSync(packageFile('native/shared/wire/protocol.h'), 'utf8').replaceAll(
    /\/\*.*?\*\//gs,
    '',
  );
  const numbers = new Map<string, number>();
  for (const [, body = ''] of text.matchAll(/enum\s*\w*\s*\{([^}]*)\}/g)) {
    let next = 0;
    for (const entry of body.split(',').map((part) => part.trim())) {
      if (entry === '') continue;
      const [name = '', expression] = entry.split(/\s*=\s*/);
      if (expression !== undefined) next = valueOf(expression, numbers);
      numbers.set(name, next++);
    }
  }
  return numbers;
}

/** Evaluates `32768`, `1 << 20`, `256 * 1024` and `FRAME_MAX - HEADER_SIZE`. */
function valueOf(expression: string, known: ReadonlyMap<string, number>): number {
  const [left = NaN, right = 0] = expression
    .split(/ (?:<<|\*|-) /)
    .map((word) => known.get(word) ?? Number(word));
  if (expression.includes('<<')) return left << right;
  return expression.includes('*') ? left * right : left - right;
}

const numbers = numbersOfC();

/** Converts `newHardwareAddress` to NEW_HARDWARE_ADDRESS. */
function inCapitals(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

describe.each([
  ['FRAME', FrameType],
  ['OPERATION', Operation],
  ['FIELD', Tag],
  ['EXEC', ExecFlag],
  ['PUSH', PushFlag],
  ['PHASE', Phase],
])('%s', (prefix, ours) => {
  it.each(Object.entries(ours))('has the agent’s number for %s', (name, number) => {
    expect(number).toBe(numbers.get(`${prefix}_${inCapitals(name)}`));
  });

  it('has all of the agent’s names', () => {
    const theirs = [...numbers.keys()].filter(
      (name) => name.startsWith(`${prefix}_`) && name !== 'FRAME_MAX',
    );
    expect(Object.keys(ours)).toHaveLength(theirs.length);
  });
});

it('the limits match the agent’s', () => {
  expect([PAYLOAD_MAX, REQUEST_MAX, WINDOW, FLAG_MORE]).toEqual(
    ['PAYLOAD_MAX', 'REQUEST_MAX', 'WINDOW', 'FLAG_MORE'].map((name) => numbers.get(name)),
  );
});

it('the streams match the agent’s, and the first is also a file’s', () => {
  expect(Stream).toEqual({
    input: numbers.get('STREAM_INPUT'),
    output: numbers.get('STREAM_OUTPUT'),
    error: numbers.get('STREAM_ERROR'),
    file: 0,
  });
});
