import { describe, expect, it } from 'vitest';
import { InstallOutput } from '../../../../../src/images/build/problems/install-output.ts';

const TOKEN = 'vmlet-token';
const OUTPUT = `I: running apt-get update...
I: downloading packages with apt...
I: extracting archives...
Setting up é (1)
${TOKEN} begin 0
first
vmlet-other end 0 0
I: running apt-get update, says the script

last, with an end of its own

${TOKEN} end 0 0
between
${TOKEN} begin 1
no line's end
${TOKEN} end 1 3
E: mmdebstrap failed to run
`;

function read(size: number) {
  const heard: string[] = [];
  const output = new InstallOutput(TOKEN, {
    onPhase: (phase) => heard.push(`(${phase})`),
    onScriptOutput: (line) => heard.push(line),
  });
  const bytes = Buffer.from(OUTPUT);
  for (let at = 0; at < bytes.length; at += size) output.push(bytes.subarray(at, at + size));
  return { heard, output };
}

describe('the output of an installation', () => {
  it.each([1, 7, 65536])('is parsed into phases, tools and scripts in chunks of %i bytes', (size) => {
    const { heard, output } = read(size);
    expect(heard).toEqual([
      ...['(looking for packages)', '(fetching)', '(installing)', '(running scripts)'],
      ...['first', 'vmlet-other end 0 0', 'I: running apt-get update, says the script', ''],
      'last, with an end of its own',
      ...['(running scripts)', "no line's end"],
    ]);
    expect(output.ended).toEqual({ index: 1, status: 3 });
    expect(output.scriptOutput.last(9)).toEqual(["no line's end"]);
    expect(output.tools.last(3)).toEqual(['Setting up é (1)', 'between', 'E: mmdebstrap failed to run']);
  });
});
