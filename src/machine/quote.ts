/** One word of a POSIX shell command line. */
export function quoteForShell(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A QEMU option in key=value form: a comma in a value is doubled (QEMU's util/keyval.c). */
export function keyValueOption(first: string, values: Readonly<Record<string, string | number>>): string {
  const pairs = Object.entries(values).map(([key, value]) => `${key}=${String(value).replaceAll(',', ',,')}`);
  return [first, ...pairs].join(',');
}
