import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ProgressLine, describeImageProgress, formatElapsed } from '../../../../src/cli/output/progress.ts';
import { eraseShownLines } from '../../../../src/cli/output/shown-lines.ts';

class Output {
  written: string[] = [];
  readonly columns = 40;
  readonly isTTY: boolean;
  constructor(isTTY: boolean) {
    this.isTTY = isTTY;
  }
  write(text: string): boolean {
    this.written.push(text);
    return true;
  }
}

beforeEach(() => {
  vi.stubEnv('TERM', 'xterm');
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

describe('a progress line', () => {
  it('makes room for a message, and is drawn again', () => {
    const output = new Output(true);
    const line = new ProgressLine(output);
    line.show('building');
    eraseShownLines();
    expect(output.written.at(-1)).toBe('\r\x1b[K');
    vi.advanceTimersByTime(1000);
    expect(output.written.at(-1)).toBe('\r\x1b[Kbuilding');
    line.clear();
    const { length } = output.written;
    eraseShownLines();
    expect(output.written).toHaveLength(length);
  });

  it('shows the time from three seconds on, and updates it', () => {
    const output = new Output(true);
    const line = new ProgressLine(output);
    line.show('building');
    expect(output.written).toEqual(['\r\x1b[Kbuilding']);
    vi.advanceTimersByTime(3000);
    expect(output.written.at(-1)).toBe('\r\x1b[Kbuilding (3s)');
    line.show('packing');
    expect(output.written.at(-1)).toBe('\r\x1b[Kpacking (3s)');
    line.clear();
    const { length } = output.written;
    vi.advanceTimersByTime(10_000);
    expect(output.written).toHaveLength(length);
    line.show('again');
    expect(output.written.at(-1)).toBe('\r\x1b[Kagain');
    line.clear();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('fits into the terminal, and is silent without one', () => {
    const output = new Output(true);
    const line = new ProgressLine(output);
    line.show('x'.repeat(100));
    line.clear();
    expect(output.written[0]).toBe(`\r\x1b[K${'x'.repeat(39)}`);
    const pipe = new Output(false);
    new ProgressLine(pipe).show('x');
    expect(pipe.written).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

it.each([
  [0, '0s'],
  [59_999, '59s'],
  [60_000, '1m00s'],
  [185_000, '3m05s'],
])('%d ms are %s', (ms, text) => expect(formatElapsed(ms)).toBe(text));

it.each([
  [{ fraction: 0 }, 'web: fetching'],
  [{ fraction: 0.5 }, 'web: fetching [##########          ] 50 %'],
  [{ fraction: 1 }, 'web: fetching [####################] 100 %'],
  [
    { fraction: 0.25, transfer: { doneBytes: 1024, totalBytes: 4096, bytesPerSecond: 2048 } },
    'web: fetching [#####               ] 25 %, 1 KiB of 4 KiB, 2 KiB/s',
  ],
  [
    { fraction: 0, transfer: { doneBytes: 1024, totalBytes: undefined, bytesPerSecond: 2048 } },
    'web: fetching 1 KiB, 2 KiB/s',
  ],
])('%j is shown', (news, text) => {
  expect(describeImageProgress({ image: 'web', phase: 'fetching', ...news })).toBe(text);
});
