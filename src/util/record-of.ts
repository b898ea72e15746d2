import * as z from 'zod';

/**
 * For names that users choose. zod's own record leaves out a `__proto__` without a word, since it would be no name but
 * the object's prototype; here it is refused.
 */
export function recordOf<Value extends z.ZodType>(key: z.ZodType<string, string>, value: Value) {
  return z.preprocess(
    (data, context) => {
      if (typeof data === 'object' && data !== null && Object.hasOwn(data, '__proto__'))
        context.addIssue({ code: 'custom', path: ['__proto__'], message: 'cannot be a name here' });
      return data;
    },
    z.record(key, value),
  );
}
