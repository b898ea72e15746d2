import * as z from 'zod';

/** A type after JSON: dates are text. */
export type Json<T> = T extends Date
  ? string
  : T extends (...args: never[]) => unknown
    ? never
    : T extends object
      ? { [K in keyof T]: Json<T[K]> }
      : T;

/** The values whose JSON is T. */
export type BeforeJson<T> = T extends string
  ? T | (string extends T ? Date : never)
  : T extends object
    ? { readonly [K in keyof T]: BeforeJson<T[K]> }
    : T;

/** The types of the fields of T after JSON, whether they are there or not. */
type Parts<T> = T extends Date
  ? string
  : T extends object
    ? { readonly [K in keyof T]?: Parts<T[K]> | undefined }
    : T;

/** A schema of each field of T, and of no other. The handlers of routes check which fields may be missing. */
type FieldsOf<T> = { readonly [K in keyof T]-?: z.ZodType<Parts<T[K]> | undefined> };

/**
 * Returns the schema of the JSON of T. Code that adds a field to T, or removes one, does not compile until the schema has
 * it too.
 */
export function jsonOf<T>() {
  return <Shape extends FieldsOf<T>>(shape: Shape & Record<Exclude<keyof Shape, keyof T>, never>) =>
    z.strictObject<Shape>(shape);
}

/** An object whose fields are those of the library, and not described. */
export const anyObject = z.looseObject({}) as z.ZodType<object>;
export const count = z.int().min(0);
export const moment = z.iso.datetime();
