import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export type InteractiveShell = 'bash' | 'zsh';

const READY = 'ready>';
/** Ctrl-G: writes the command line into the file `line`, and ends the shell. */
const REPORT_KEY = '\x07';

const STARTS: Record<InteractiveShell, { argv: string; setUp: (script: string) => string }> = {
  bash: {
    argv: 'bash --norc --noprofile -i',
    setUp: (script) => `bind 'set bell-style none' 'set completion-query-items 0' 'set page-completions off'
bind -x '"\\C-g": printf %s "$READLINE_LINE" > line; exit'
source ${script}
PS1='rea''dy>'
`,
  },
  zsh: {
    argv: 'zsh -f -i',
    setUp: (script) => `autoload -Uz compinit && compinit -D -u
report() { print -rn -- "$BUFFER" >| line; exit }
zle -N report; bindkey '^G' report
LISTMAX=10000; setopt no_beep
source ${script}
PS1='rea''dy>'
`,
  },
};

export function hasShell(name: string): boolean {
  return spawnSync(name, ['-c', 'true']).status === 0;
}

/**
 * Types into an interactive shell on a real terminal, in `directory`.
 * @param keys the text typed after the prompt; a Tab completes.
 * @returns the resulting command line, and everything on the screen.
 */
export async function typeInto(
  shell: InteractiveShell,
  script: string,
  keys: string,
  directory: string,
  environment: NodeJS.ProcessEnv,
): Promise<{ line: string; screen: string }> {
  const { argv, setUp } = STARTS[shell];
  const setUpFile = join(directory, 'set-up');
  writeFileSync(setUpFile, setUp(script));
  const child = spawn('script', ['-qec', argv, '/dev/null'], {
    cwd: directory,
    env: { ...process.env, TERM: 'vt100', HISTFILE: '', ...environment },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let screen = '';
  let typed = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text;
    if (typed || !screen.includes(READY)) return;
    typed = true;
    child.stdin.write(`${keys}${REPORT_KEY}`);
  });
  child.stdin.write('. ./set-up\n');
  await new Promise((resolve) => child.once('close', resolve));
  const report = join(directory, 'line');
  return { line: existsSync(report) ? readFileSync(report, 'utf8') : '', screen };
}

export function completeInFish(
  script: string,
  line: string,
  directory: string,
  environment: NodeJS.ProcessEnv,
): string[] {
  const { stdout, stderr } = spawnSync(
    'fish',
    ['--no-config', '-c', 'source $argv[1]; complete -C $argv[2]', script, line],
    {
      cwd: directory,
      env: { ...process.env, ...environment },
      encoding: 'utf8',
    },
  );
  if (stderr !== '') throw new Error(stderr);
  return stdout.split('\n').filter((each) => each !== '');
}
