/** All repetitions are bounded, so that a hostile page takes no longer to parse than others of its size. */
const LINK = /<a\s[^<>]{0,256}?\bhref\s{0,8}=\s{0,8}(?:"([^"]{0,1024})"|'([^']{0,1024})')/gi;

/** Returns the non-empty lines of a text. */
export function linesOf(text: string): string[] {
  return text.split(/\r?\n/).filter((line) => line !== '');
}

/** Returns the file names that a web page links to in its own directory. */
export function linkedNamesOf(page: string): string[] {
  const names: string[] = [];
  for (const match of page.matchAll(LINK)) {
    const target = (match[1] ?? match[2] ?? '').replaceAll('&amp;', '&').replace(/^\.\//, '');
    if (!/[/?#]/.test(target)) names.push(decoded(target));
  }
  return names;
}

/** Removes percent-encoding; returns the name unchanged where the encoding is invalid. */
export function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    return name;
  }
}
