import * as z from 'zod';

export type OptionGroup = 'Boot' | 'Hardware' | 'Disks' | 'Network';

/** A library option and its command-line flag. */
export interface OptionFlag {
  /** The library's name of the option, as in `diskSize`. */
  readonly option: string;
  /** The flag, with its short form and the kind of its value, as in `-m, --memory <size>`. */
  readonly flag: string;
  readonly description: string;
  /** The heading under which help lists it; undefined for the general one. */
  readonly group: OptionGroup | undefined;
  /**
   * Conversion of the value: unchanged (`text`), a whole number, milliseconds from a time such as `1.5m`, all
   * values of a repeated flag (`texts`), an object of KEY=VALUE (`pairs`); a `switch` has no value.
   */
  readonly value: 'text' | 'number' | 'time' | 'texts' | 'pairs' | 'switch';
  /** All possible values, if the option is one of a few words. */
  readonly choices: readonly string[] | undefined;
  /** A repeatable flag may have two options: the values that are the option's own, and a list of all others. */
  readonly rest: RestOption | undefined;
}

/** The option to which the other values of a flag belong. */
export interface RestOption {
  readonly option: string;
  /** Whether a value belongs to the flag's first option. */
  readonly isOwn: (value: string) => boolean;
}

/** Properties that cannot be derived from the schema. */
export interface FlagWords extends Pick<OptionFlag, 'flag' | 'description'> {
  /** The behaviour without the flag, in words; by default the schema's own default. */
  readonly otherwise?: string;
  readonly group?: OptionGroup;
  readonly value?: 'time' | 'pairs';
  readonly rest?: RestOption;
}

const flagWords = z.registry<Partial<FlagWords>>();

/** Adds a flag to an option. */
export function withFlag<Schema extends z.ZodType>(schema: Schema, words: FlagWords): Schema {
  flagWords.add(schema, words);
  return schema;
}

/** Describes an option's flag in other words. */
export function reworded<Schema extends z.ZodType>(
  schema: Schema,
  words: Pick<Partial<FlagWords>, 'description' | 'otherwise'>,
): Schema {
  flagWords.add(schema, words);
  return schema;
}

/** Returns the flags of all options that have one, in the order of the schema. */
export function flagsOf({ shape }: z.ZodObject): OptionFlag[] {
  return Object.entries<z.core.$ZodType>(shape).flatMap(([option, schema]) => flagOf(option, schema) ?? []);
}

function flagOf(option: string, schema: z.core.$ZodType): OptionFlag | undefined {
  const { words, base, preset } = unwrapped(schema);
  if (words.flag === undefined) return undefined;
  const otherwise = words.otherwise ?? preset;
  return {
    option,
    flag: words.flag,
    description: [words.description, ...(otherwise === undefined ? [] : [`(default: ${otherwise})`])].join(
      ' ',
    ),
    group: words.group,
    value: words.rest ? 'texts' : (words.value ?? valueOf(base)),
    choices: base instanceof z.ZodEnum && !words.rest ? base.options.map(String) : undefined,
    rest: words.rest,
  };
}

/** The schema without its wrappers; the description of an outer one overrides that of an inner one. */
function unwrapped(schema: z.core.$ZodType) {
  let words: Partial<FlagWords> = {};
  let preset: string | undefined;
  let base = schema;
  for (;;) {
    words = { ...flagWords.get(base), ...words };
    if (base instanceof z.ZodDefault && isShown(base.def.defaultValue))
      preset ??= String(base.def.defaultValue);
    if (!(base instanceof z.ZodDefault || base instanceof z.ZodOptional || base instanceof z.ZodReadonly))
      break;
    base = base.unwrap();
  }
  return { words, base, preset };
}

function isShown(preset: unknown): preset is string | number {
  return typeof preset === 'string' || typeof preset === 'number';
}

function valueOf(base: z.core.$ZodType): OptionFlag['value'] {
  if (base instanceof z.ZodArray) return 'texts';
  if (base instanceof z.ZodBoolean) return 'switch';
  return base instanceof z.ZodNumber ? 'number' : 'text';
}
