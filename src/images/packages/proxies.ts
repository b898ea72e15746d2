/**
 * Returns the proxies of the environment. apt and dnf get `http_proxy` and `https_proxy`; `all_proxy` replaces those that
 * are not set, as for downloads.
 */
export function proxiesOf(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const variable = (name: string): string | undefined => {
    const value = environment[name] ?? environment[name.toUpperCase()];
    return value === '' ? undefined : value;
  };
  const all = variable('all_proxy');
  const proxies = {
    http_proxy: variable('http_proxy') ?? all,
    https_proxy: variable('https_proxy') ?? all,
    no_proxy: variable('no_proxy'),
  };
  return Object.fromEntries(
    Object.entries(proxies).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
  );
}
