import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { directoryIn } from '../../directory.ts';

const root = join(import.meta.dirname, '../../..');

/** A new project below `directory`, with copies of `scripts` of this one, by their paths, and these files. */
export function makeProject(
  directory: string,
  scripts: readonly string[],
  files: Readonly<Record<string, string>>,
): string {
  const project = directoryIn(directory, 'project-');
  for (const script of scripts) {
    mkdirSync(dirname(join(project, script)), { recursive: true });
    copyFileSync(join(root, script), join(project, script));
  }
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(project, path)), { recursive: true });
    writeFileSync(join(project, path), content);
    if (content.startsWith('#!')) chmodSync(join(project, path), 0o755);
  }
  return project;
}
