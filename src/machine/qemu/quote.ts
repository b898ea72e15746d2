import { escapeOptionValue } from '../../images/qemu-img/option-value.ts';

/** Quotes one word for a POSIX shell command line. */
export function quoteForShell(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Returns a QEMU option in key=value form. */
export function keyValueOption(first: string, values: Readonly<Record<string, string | number>>): string {
  const pairs = Object.entries(values).map(([key, value]) => `${key}=${escapeOptionValue(String(value))}`);
  return [first, ...pairs].join(',');
}
