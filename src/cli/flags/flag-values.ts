import { InvalidArgumentError, Option } from 'commander';
import { InvalidInputError } from '../../errors/index.ts';
import { refuseUndecodableVariable } from './undecodable.ts';

/** A flag whose values are shown and completed; the library validates them. */
export function choice(flags: string, description: string, choices: readonly string[]): Option {
  const option = new Option(flags, description);
  option.argChoices = [...choices];
  return option;
}

export function collect(value: string, earlier: readonly string[] = []): string[] {
  return [...earlier, value];
}

/** `--json` alone would be ignored. @throws InvalidInputError */
export function requireDryRun({ json, dryRun }: { readonly json?: true; readonly dryRun?: true }): void {
  if (!json || dryRun) return;
  throw new InvalidInputError('json', 'requires --dry-run', {
    hint: 'add --dry-run to print the plan as JSON, or leave out --json',
  });
}

export function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('expected a whole number');
  return Number(text);
}

export function lineCount(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('expected a number of lines');
  return Number(text);
}

const LONGEST_MS = 24 * 24 * 3_600_000;

/** Parses a duration, in seconds without a unit as timeout(1) does: `90`, `1.5`, `30s`, `5m`, `1h`. */
export function durationMs(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text);
  const factor = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[match?.[2] ?? 's'] ?? 0;
  const milliseconds = Number(match?.[1] ?? 0) * factor;
  if (!(milliseconds > 0 && milliseconds <= LONGEST_MS)) {
    throw new InvalidArgumentError('expected a positive duration such as 30s, 1.5m or 2h, at most 24 days');
  }
  return milliseconds;
}

const RFC_3339 = /^\d{4}-\d{2}-\d{2}(?:[Tt ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:[Zz]|[+-]\d{2}:\d{2})?)?$/;

/** Parses a time, as podman does: a duration before now, or RFC 3339; local time without a zone. In milliseconds since 1970. */
export function pointInTime(text: string): number {
  if (RFC_3339.test(text)) {
    // Only a date is midnight of UTC to JavaScript.
    const time = Date.parse(text.length === 10 ? `${text}T00:00` : text.replace(' ', 'T').toUpperCase());
    if (!Number.isNaN(time)) return time;
  }
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  const factor = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 24 * 3_600_000 }[match?.[2] ?? ''];
  if (factor === undefined) {
    throw new InvalidArgumentError(
      'expected a duration such as 5m (5 minutes ago), or a time such as 2026-11-28T12:00:00Z',
    );
  }
  return Date.now() - Number(match?.[1]) * factor;
}

/** Parses `NAME=value`, or `NAME` to copy the variable from this environment, as podman does. */
export function guestEnvironment(settings: readonly string[] = []): Record<string, string> {
  return Object.fromEntries(
    settings.flatMap((setting): [string, string][] => {
      const [name, ...rest] = setting.split('=');
      if (!name) {
        throw new InvalidInputError('env', `no variable name in ${JSON.stringify(setting)}`, {
          hint: 'for example: --env NAME=value',
        });
      }
      const value = rest.length > 0 ? rest.join('=') : process.env[name];
      if (rest.length === 0 && value !== undefined) refuseUndecodableVariable(name, value);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
