/** Returns this process's environment with the C.UTF-8 locale, for programs whose output is parsed. */
export function plainEnvironment(): Record<string, string> {
  const environment = Object.fromEntries(
    Object.entries(process.env).filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
  delete environment['LANGUAGE'];
  return { ...environment, LC_ALL: 'C.UTF-8' };
}
