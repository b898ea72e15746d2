/** Returns this process's environment with the C.UTF-8 locale, for programs whose output is parsed. */
export function plainEnvironment(): Record<string, string> {
  const environment = { ...process.env, LC_ALL: 'C.UTF-8' } as Record<string, string>;
  delete environment['LANGUAGE'];
  return environment;
}
