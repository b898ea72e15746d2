// The library's reference, from its doc comments: HTML in reference/. With --check nothing is written.
// It fails on a broken link and on a public name without a comment.
import { join } from 'node:path';
import { Application, LogLevel, Logger } from 'typedoc';

const root = join(import.meta.dirname, '../..');
/** QEMU's own schema has no descriptions, and its documentation is not ours to copy. */
const FROM_QEMU = /protocol\.gen\.ts/;

class ProblemLogger extends Logger {
  problems = [];

  log(message, level) {
    if (level >= LogLevel.Warn && !FROM_QEMU.test(message)) this.problems.push(message);
  }
}

const logger = new ProblemLogger();
const app = await Application.bootstrap({
  name: 'vmlet',
  entryPoints: ['index', 'qmp/index', 'machines/index', 'testing/index', 'testing/vitest'].map((name) =>
    join(root, 'src', `${name}.ts`),
  ),
  tsconfig: join(root, 'tsconfig.build.json'),
  readme: 'none',
  excludeInternal: true,
  excludePrivate: true,
  disableSources: true,
  validation: { invalidLink: true, notDocumented: true, notExported: false },
  requiredToBeDocumented: ['Class', 'Interface', 'Function', 'TypeAlias', 'Variable', 'Enum'],
});
app.logger = logger;
const project = await app.convert();
if (project) app.validate(project);
for (const problem of logger.problems) console.error(problem);
if (!project || logger.problems.length > 0) process.exitCode = 1;
else if (!process.argv.includes('--check')) {
  await app.generateDocs(project, join(root, 'reference'));
  console.log('wrote reference/index.html');
}
