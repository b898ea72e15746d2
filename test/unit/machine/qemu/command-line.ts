/** Those of QEMU’s options used here that have no value. */
const FLAGS = ['-nodefaults', '-no-user-config', '-no-reboot', '-S'];

/** The options of a command line with their values. Fails for a word that is neither. */
function optionsOf(words: readonly string[]): (readonly [option: string, value: string])[] {
  const options: (readonly [string, string])[] = [];
  for (let at = 0; at < words.length; at++) {
    const [option = '', value = ''] = words.slice(at, at + 2);
    if (FLAGS.includes(option)) continue;
    if (!/^-[a-z]/.test(option) || value === '')
      throw new Error(`${option} ${value} is no option with its value`);
    options.push([option, value]);
    at++;
  }
  return options;
}

/** The values of an option, in the order of the command line. */
export function valuesOf(words: readonly string[], option: string): string[] {
  return optionsOf(words).flatMap(([name, value]) => (name === option ? [value] : []));
}

/** The values that are JSON, parsed. */
export function objectsOf(words: readonly string[], option: string): Record<string, unknown>[] {
  return valuesOf(words, option)
    .filter((value) => value.startsWith('{'))
    .map((value) => JSON.parse(value) as Record<string, unknown>);
}

/** The device with this id. */
export function deviceOf(words: readonly string[], id: string): Record<string, unknown> | undefined {
  return objectsOf(words, '-device').find((device) => device['id'] === id);
}
