import fc from 'fast-check';

/** Values that a damaged or hostile file may contain. */
const HOSTILE: readonly unknown[] = [
  ...[null, true, false, 0, -1, 1.5, 1e308, Number.MAX_SAFE_INTEGER, 2 ** 64, '', ' ', '0', '-1', '1e3'],
  ...['/', '..', '../../etc/passwd', 'a\0b', '\ud800', '\u202e', '\u001b[2J', 'x'.repeat(5000), [], [[]], {}],
  ...[{ __proto__: null }, [null], { length: 1e9 }],
];

/** Names with a meaning for objects. */
const KEYS = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'then',
  '',
  'version',
  '0',
];

const change = fc.record({
  /** The index of the changed value in the tree, as a share. */
  place: fc.nat(9999),
  kind: fc.constantFrom('replace', 'remove', 'add', 'copy', 'number', 'nest' as const),
  value: fc.constantFrom(...HOSTILE),
  key: fc.constantFrom(...KEYS),
  number: fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true })),
});
type Change = typeof change extends fc.Arbitrary<infer Value> ? Value : never;

/** JSON text: valid documents with a few changed values, and sometimes changed text. */
export function mutatedJson(bases: readonly unknown[]): fc.Arbitrary<string> {
  return fc
    .tuple(
      fc.nat(bases.length - 1),
      fc.array(change, { maxLength: 4 }),
      fc.option(fc.tuple(fc.nat(9999), fc.constantFrom('', '\0', '}', '"', ',', '\\', '\ufeff', '9')), {
        freq: 8,
      }),
    )
    .map(([base, changes, tear]) => {
      const text = changes.reduce(
        (document, one) => apply(document, one),
        JSON.stringify(bases[base], null, 1),
      );
      if (tear === null) return text;
      const at = Math.floor((tear[0] * text.length) / 10_000);
      return text.slice(0, at) + tear[1] + (tear[1] === '' ? '' : text.slice(at));
    });
}

type Holder = Record<string | number, unknown>;

/** Keys are inserted into the text, since an object would treat `__proto__` specially. */
function apply(text: string, { place, kind, value, key, number }: Change): string {
  const root: Holder = { root: JSON.parse(text) as unknown };
  const places: (readonly [Holder, string])[] = [];
  const collect = (holder: Holder): void => {
    for (const name of Object.keys(holder)) {
      places.push([holder, name]);
      const inside = holder[name];
      if (typeof inside === 'object' && inside !== null) collect(inside as Holder);
    }
  };
  collect(root);
  const [holder, name] = places[Math.floor((place * places.length) / 10_000)] ?? [root, 'root'];
  const found = holder[name];
  switch (kind) {
    case 'replace':
      define(holder, name, value);
      break;
    case 'remove':
      if (Array.isArray(holder)) holder.splice(Number(name), 1);
      else if (holder !== root) Reflect.deleteProperty(holder, name);
      break;
    case 'add':
      if (Array.isArray(found)) found.push(value);
      else if (typeof found === 'object' && found !== null) define(found as Holder, key, value);
      break;
    case 'copy':
      if (Array.isArray(found)) found.push(...(found as unknown[]).slice(0, 50));
      else define(holder, `${name}2`, found);
      break;
    case 'number':
      define(holder, name, number);
      break;
    case 'nest': {
      // As deep as a file that fits into memory can be.
      let nested: unknown = found;
      for (let depth = 0; depth < 200; depth += 1)
        nested = Array.isArray(found) ? [nested] : { [name]: nested };
      define(holder, name, nested);
      break;
    }
  }
  return JSON.stringify(root['root'] ?? null, null, 1);
}

function define(holder: Holder, name: string, value: unknown): void {
  Object.defineProperty(holder, name, { value, enumerable: true, writable: true, configurable: true });
}
