/** What vitest calls a test's function with, at its end the context. */
type Handler = (...args: readonly unknown[]) => unknown;

const endings = new WeakMap<object, Promise<never>>();

/** From now on a rejection of `ending` fails the try of a test that begins, whatever it waits for then. */
export function endWith(task: object, ending: Promise<never>): void {
  endings.set(task, ending);
  // A test that is over has no ear for it.
  ending.catch(() => undefined);
}

/** `test.only` and the like are tests too; `test.for(cases)` and the like give one. `test.each` knows no fixtures. */
const MODIFIERS: ReadonlySet<string | symbol> = new Set([
  'only',
  'skip',
  'fails',
  'concurrent',
  'sequential',
]);
const MAKERS: ReadonlySet<string | symbol> = new Set(['for', 'runIf', 'skipIf']);

/** A `test` of vitest's whose tests fail at once when what `endWith` was given for them rejects. */
export function endable<Test extends object>(test: Test): Test {
  return new Proxy(test, {
    apply(target, self, args: readonly unknown[]) {
      const last = args.findLastIndex((argument) => typeof argument === 'function');
      // The first is the name, for which vitest takes a function too.
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
  // vitest reads in a function's text which fixtures it takes, and has no public way to end a test: `TestRunner.setTestFn`
  // only reads (seen in 4.1 and 5.1), and what `aroundEach` leaves runs its `afterEach` hooks in the next test.
  return Object.assign(wrapped, { toString: () => handler.toString() });
}

function endingOf(args: readonly unknown[]): Promise<never> | undefined {
  // vitest's context is a function.
  const context = args.at(-1) as { readonly task?: object } | null | undefined;
  return context?.task && endings.get(context.task);
}
