import * as z from 'zod';

/**
 * For names that users choose. zod's own record leaves out a `__proto__` without a word, since it would be no name but
 * the object's prototype; here it is refused.
 */
export function recordOf<Value extends z.ZodType>(key: z.ZodType<string, string>, value: Value) {
  return z.preprocess(
    (data: Readonly<Record<string, z.input<Value>>>, context) => {
      const given: unknown = data;
      if (typeof given === 'object' && given !== null && Object.hasOwn(given, '__proto__'))
        context.addIssue({ code: 'custom', path: ['__proto__'], message: 'cannot be a name here' });
      return data;
    },
    z.record(key, value),
  );
}
