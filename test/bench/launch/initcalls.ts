const LONGEST = 14;

interface Span {
  readonly ms: number;
  readonly what: string;
}

/** The longest initcalls, and the longest silences between any two lines of the kernel, from a traced dmesg. */
export function describeInitcalls(dmesg: string): string {
  const calls: Span[] = [];
  const silences: Span[] = [];
  let before: { at: number; text: string } | undefined;
  for (const line of dmesg.split('\n')) {
    const [, seconds, text = ''] = /^\[\s*(\d+\.\d+)\] (.*)$/.exec(line) ?? [];
    if (seconds === undefined) continue;
    const at = Number(seconds) * 1000;
    const call = /^initcall (\S+?)(?:\+\S+)? .*returned -?\d+ after (\d+) usecs/.exec(text);
    if (call) calls.push({ ms: Number(call[2]) / 1000, what: call[1] ?? '' });
    else if (before && !text.startsWith('calling')) {
      silences.push({ ms: at - before.at, what: `${shorten(before.text)} → ${shorten(text)}` });
    }
    before = { at, text };
  }
  const initcalls = calls.reduce((sum, { ms }) => sum + ms, 0);
  return [
    `${(before?.at ?? 0).toFixed(0)} ms of kernel time, ${initcalls.toFixed(0)} ms of them in ${calls.length} initcalls. The longest:`,
    ...longest(calls),
    'The longest times between two other lines:',
    ...longest(silences),
  ].join('\n');
}

function longest(spans: readonly Span[]): string[] {
  return [...spans]
    .sort((one, other) => other.ms - one.ms)
    .slice(0, LONGEST)
    .map(({ ms, what }) => `  ${ms.toFixed(0).padStart(5)} ms  ${what}`);
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
