/** The launcher's environment with messages in English and unlocalised numbers, for programs whose output is read. */
export function plainEnvironment(): Record<string, string> {
  const environment = Object.fromEntries(
    Object.entries(process.env).filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
  delete environment['LANGUAGE'];
  return { ...environment, LC_ALL: 'C.UTF-8' };
}
