/** Nothing in it repeats without a limit, so that a hostile page costs no more time than another one of its size. */
const LINK = /<a\s[^<>]{0,256}?\bhref\s{0,8}=\s{0,8}(?:"([^"]{0,1024})"|'([^']{0,1024})')/gi;

/** The lines of a text, without those that are empty. */
export function linesOf(text: string): string[] {
  return text.split(/\r?\n/).filter((line) => line !== '');
}

/** What the links of a web page lead to, of those that stay in its own folder: names of files. */
export function linkedNamesOf(page: string): string[] {
  const names: string[] = [];
  for (const match of page.matchAll(LINK)) {
    const target = (match[1] ?? match[2] ?? '').replaceAll('&amp;', '&').replace(/^\.\//, '');
    if (!/[/?#]/.test(target)) names.push(decoded(target));
  }
  return names;
}

/** Without percent-encoding; as it is where that is not done well. */
export function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    return name;
  }
}
