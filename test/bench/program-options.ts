import { type ParseArgsConfig, parseArgs } from 'node:util';
import { isSystemError } from '../../src/errors/index.ts';

type Options = NonNullable<ParseArgsConfig['options']>;
type Parsed<T extends Options> = ReturnType<typeof parseArgs<{ options: T; allowPositionals: true }>>;

/**
 * Parses the arguments of a program of sections, which are positional. With `--help` it prints the usage and the
 * sections; an error is one line. Both end the process.
 */
export function programOptions<T extends Options>(
  usage: string,
  sections: Readonly<Record<string, { readonly title: string }>>,
  options: T,
): Parsed<T> {
  const args = process.argv.slice(2);
  if (args.includes('--help') || args.includes('-h')) {
    const names = Object.keys(sections);
    const width = Math.max(...names.map(({ length }) => length));
    const lines = Object.entries(sections).map(([name, { title }]) => `  ${name.padEnd(width)}  ${title}`);
    console.log([usage, '', 'Sections:', ...lines].join('\n'));
    process.exit();
  }
  try {
    const parsed = parseArgs({ args, options, allowPositionals: true as const });
    const unknown = parsed.positionals.filter((name) => !(name in sections));
    if (unknown.length === 0) return parsed;
    return fail(`no section ${unknown.join(', ')}; there are ${Object.keys(sections).join(', ')}`);
  } catch (error) {
    if (isSystemError(error, 'ERR_PARSE_ARGS_UNKNOWN_OPTION', 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE'))
      return fail(error.message.split('. ')[0] ?? '');
    throw error;
  }
}

/** Ends the process with one line. */
export function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
