const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** Formats bytes with three digits at most, as in `1.2 GiB`. */
export function bytes(value: number): string {
  const power = value < 1 ? 0 : Math.min(Math.floor(Math.log2(value) / 10), UNITS.length - 1);
  const scaled = value / 1024 ** power;
  return `${scaled < 10 && power > 0 && !Number.isInteger(scaled) ? scaled.toFixed(1) : Math.round(scaled)} ${UNITS[power] ?? ''}`;
}

/** Formats bytes as the options of vmlet take them, without a loss, as in `1536M`. */
export function exactBytes(value: number): string {
  const power = ['K', 'M', 'G', 'T'].findLastIndex((_, index) => value % 1024 ** (index + 1) === 0);
  return value === 0 || power === -1 ? String(value) : `${value / 1024 ** (power + 1)}${'KMGT'[power] ?? ''}`;
}

export function percent(value: number): string {
  return `${Math.round(value)} %`;
}

/** Formats a moment of the server in the reader's own time. */
export function moment(text: string | number): string {
  return new Date(text).toLocaleString('sv-SE');
}

/** Joins the words of a shell command, quoted where a shell needs it. */
export function shellCommand(...words: readonly string[]): string {
  return words
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`))
    .join(' ');
}

/** Splits the ports that were typed into one field, with spaces or commas between them. */
export function portsOf(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter(Boolean);
}
