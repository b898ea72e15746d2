// Takes the picture of docs/ui.md: `npx tsx scripts/generate/ui-picture.ts` writes docs/ui.png. Needs chromium and a build.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { keyboardSectors } from '../../fixtures/guests/keyboard-sectors.ts';
import { until } from '../../test/until.ts';
import { makeHome } from '../../test/e2e/named/home.ts';
import { openChromium } from '../../test/e2e/ui/chromium.ts';
import { UiServer } from '../../test/e2e/ui/ui-server.ts';

const PICTURE = join(import.meta.dirname, '../../docs/ui.png');
/** Enough for a curve: the list is read every four seconds, and shows two minutes. */
const SAMPLES = 15;

const home = await makeHome();
const browser = await openChromium();
const ui = new UiServer(home, browser);
try {
  const image = join(home.path, 'screen.img');
  writeFileSync(image, keyboardSectors.onScreen);
  const small = ['--image', `${image},format=raw`, '-m', '64M', '--cpus', '1'];
  await home.vmlet('create', 'desktop', ...small, '--start', '-p', '3389');
  await home.vmlet('create', 'old-web', ...small);
  await home.vmlet('create', 'build', '--image', 'micro', '--start');
  await home.vmlet('create', 'web', '--image', 'micro', '--start', '-p', '80');
  await home.vmlet('sendkey', '--text', 'Hello from a screen', 'desktop');
  const page = await ui.open({ viewport: { width: 1200, height: 460 } });
  const work =
    'for n in 1 2 3 4 5 6 7 8; do dd if=/dev/zero of=/data/file bs=64k count=60 conv=fsync; sleep 2; done';
  const busy = home.vmlet('exec', 'web', 'sh', '-c', work);
  const points = page.locator('[data-machine="web"] .line').first();
  await until(async () => ((await points.getAttribute('d')) ?? '').split('L').length > SAMPLES);
  await home.vmlet('pause', 'build');
  await page.locator('[data-machine="build"] .state', { hasText: 'paused' }).waitFor();
  await page.screenshot({ path: PICTURE });
  await home.vmlet('kill', 'web');
  await busy;
} finally {
  await ui.close();
  await browser.close();
  await home.close();
}
