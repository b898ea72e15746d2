// Accepted licences of bundled packages, and their texts, which must be shipped with the bundle.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

export const MAY_BE_BUNDLED = [
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'ISC',
  'MIT',
];
/** The page contains files of noVNC as they are; NOTICE says where their source is. */
const MAY_BE_IN_THE_PAGE = [...MAY_BE_BUNDLED, 'MPL-2.0'];
/** LGPL is accepted for separate packages only, which users can replace. */
export const MAY_BE_BESIDE = [...MAY_BE_BUNDLED, 'LGPL-3.0+', 'LGPL-3.0-or-later'];

/** Folders, relative to `root` and sorted, of the packages that esbuild has bundled. */
export function bundledPackages(metafile) {
  const folders = Object.values(metafile.outputs)
    .flatMap(({ inputs }) => Object.keys(inputs))
    .map((input) => /^(?:names:)?(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1])
    .filter((folder) => folder !== undefined);
  return [...new Set(folders)].sort();
}

/** Joins the licence texts of packages. Throws if a package may not be bundled or has no licence text. */
export function licenceTexts(root, folders, place = 'command') {
  const accepted = place === 'page' ? MAY_BE_IN_THE_PAGE : MAY_BE_BUNDLED;
  const texts = folders.map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    if (!accepted.includes(license)) throw new Error(`${name}: ${license} may not be bundled`);
    const file = readdirSync(join(root, folder)).find((entry) =>
      /^licen[cs]e(-mit)?(\.(md|txt))?$/i.test(entry),
    );
    if (file === undefined) throw new Error(`${name} has no licence text`);
    return `${name} ${version} (${license})\n\n${readFileSync(join(root, folder, file), 'utf8').trim()}\n`;
  });
  return `The ${place} in this folder contains the packages below, each under its own licence.\n\n${texts.join(`\n${'-'.repeat(78)}\n`)}`;
}
