/**
 * Returns the proxies of the environment. apt and dnf get `http_proxy` and `https_proxy`; `all_proxy` replaces those that
 * are not set, as for downloads, unless it is no HTTP proxy: apt rejects others.
 */
export function proxiesOf(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const variable = (name: string): string | undefined => {
    const value = environment[name] ?? environment[name.toUpperCase()];
    return value === '' ? undefined : value;
  };
  const all = httpProxy(variable('all_proxy'));
  const proxies = {
    http_proxy: variable('http_proxy') ?? all,
    https_proxy: variable('https_proxy') ?? all,
    no_proxy: variable('no_proxy'),
  };
  return Object.fromEntries(
    Object.entries(proxies).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
  );
}

function httpProxy(value: string | undefined): string | undefined {
  if (value === undefined || /^https?:\/\//i.test(value)) return value;
  return value.includes('://') ? undefined : `http://${value}`;
}
