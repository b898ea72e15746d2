import type * as YamlModule from 'yaml';
import type { Document } from 'yaml';

/**
 * PyYAML, by which cloud-init reads, takes some of these for line breaks, and of others refuses all of the document. The
 * `yaml` library writes them as they are.
 */
const UNSAFE = /[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/;

/** The document's text, of which every reader of YAML 1.1 makes the same. Block style, which the lesser ones take too. */
export function yamlText(yaml: typeof YamlModule, document: Document): string {
  yaml.visit(document, {
    Scalar: (place, scalar) => {
      // As values, these two have types of their own in YAML 1.1, which PyYAML knows and cannot make.
      const isMerge = place !== 'key' && (scalar.value === '<<' || typeof scalar.value === 'symbol');
      if (isMerge) Object.assign(scalar, { value: '<<', tag: 'tag:yaml.org,2002:str' });
      if (typeof scalar.value !== 'string') return;
      // Nor does it take a tab that is not in quotes or in a block.
      const isOdd = scalar.value === '=' || /^[^\n]*\t[^\n]*$/.test(scalar.value);
      if (isOdd || UNSAFE.test(scalar.value)) scalar.type = yaml.Scalar.QUOTE_DOUBLE;
    },
  });
  const text = document.toString({
    collectionStyle: 'block',
    lineWidth: 0,
    directives: false,
    blockQuote: 'literal',
  });
  // They are inside of double quotes now, or in a comment.
  return text.replaceAll(
    new RegExp(UNSAFE, 'g'),
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
