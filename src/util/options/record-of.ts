import * as z from 'zod';

/**
 * For names chosen by users. zod's own record silently drops a `__proto__` key, because it would set the
 * object's prototype; here it is rejected.
 */
export function recordOf<Value extends z.ZodType>(key: z.ZodType<string, string>, value: Value) {
  return z.preprocess(
    (data: Readonly<Record<string, z.input<Value>>>, context) => {
      const given: unknown = data;
      if (typeof given === 'object' && given !== null && Object.hasOwn(given, '__proto__'))
        context.addIssue({ code: 'custom', path: ['__proto__'], message: 'invalid name' });
      return data;
    },
    z.record(key, value),
  );
}
