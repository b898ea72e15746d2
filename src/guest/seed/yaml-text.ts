import type * as YamlModule from 'yaml';
import type { Document } from 'yaml';

/**
 * Characters that PyYAML, cloud-init's parser, treats as line breaks or rejects. The `yaml` library writes them
 * unescaped.
 */
const UNSAFE = /[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/;

/** Formats a document so that all YAML 1.1 parsers read it alike, in block style, which minimal ones support too. */
export function yamlText(yaml: typeof YamlModule, document: Document): string {
  yaml.visit(document, {
    Scalar: (place, scalar) => {
      // As values, these two have special types in YAML 1.1, which PyYAML fails to construct.
      const isMerge = place !== 'key' && (scalar.value === '<<' || typeof scalar.value === 'symbol');
      if (isMerge) Object.assign(scalar, { value: '<<', tag: 'tag:yaml.org,2002:str' });
      if (typeof scalar.value !== 'string') return;
      // PyYAML also rejects a tab outside of quotes and blocks.
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
  // These characters are now in double quotes, or in a comment.
  return text.replaceAll(
    new RegExp(UNSAFE, 'g'),
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
