/** A test function of vitest; its last argument is the context. */
type Handler = (...args: readonly unknown[]) => unknown;

const endings = new WeakMap<object, Promise<never>>();

/** Makes a rejection of `ending` fail the present try of a test, whatever the test is waiting for. */
export function endWith(task: object, ending: Promise<never>): void {
  endings.set(task, ending);
  // A rejection after the end of the test is ignored.
  ending.catch(() => undefined);
}

/**
 * `test.only` etc. are tests too; `test.for(cases)`, `test.extend(fixtures)` etc. return one. `test.each` does not support
 * fixtures.
 */
const MODIFIERS: ReadonlySet<string | symbol> = new Set([
  'only',
  'skip',
  'fails',
  'concurrent',
  'sequential',
]);
const MAKERS: ReadonlySet<string | symbol> = new Set(['extend', 'for', 'runIf', 'skipIf']);

/** Wraps a `test` of vitest, so that its tests fail at once when the promise given to `endWith` rejects. */
export function endable<Test extends object>(test: Test): Test {
  return new Proxy(test, {
    apply(target, self, args: readonly unknown[]) {
      const last = args.findLastIndex((argument) => typeof argument === 'function');
      // The first argument is the name, which may be a function too.
      const given = args.map((argument, index) =>
        index === last && index > 0 ? endableHandler(argument as Handler) : argument,
      );
      return Reflect.apply(target as Handler, self, given);
    },
    get(target, property, receiver) {
      const value = Reflect.get(target, property, receiver) as unknown;
      if (typeof value !== 'function') return value;
      if (MODIFIERS.has(property)) return endable(value);
      if (!MAKERS.has(property)) return value;
      return function (this: unknown, ...args: readonly unknown[]) {
        return endable(Reflect.apply(value as Handler, this, args) as object);
      };
    },
  });
}

function endableHandler(handler: Handler): Handler {
  const wrapped: Handler = async (...args) => {
    const ending = endingOf(args);
    return ending ? await Promise.race([handler(...args), ending]) : await handler(...args);
  };
  // vitest parses a function's text for the fixtures it uses, and has no public way to end a test: `TestRunner.setTestFn`
  // only reads (seen in 4.1 and 5.1), and leaving `aroundEach` early runs its `afterEach` hooks in the next test.
  return Object.assign(wrapped, { toString: () => handler.toString() });
}

function endingOf(args: readonly unknown[]): Promise<never> | undefined {
  // vitest's context is a function.
  const context = args.at(-1) as { readonly task?: object } | null | undefined;
  return context?.task && endings.get(context.task);
}
