import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { bootSectors } from '../../../fixtures/guests/boot-sectors.ts';
import { keyboardSectors } from '../../../fixtures/guests/keyboard-sectors.ts';
import { until } from '../../until.ts';
import type { Home } from '../named/home.ts';
import { withoutChromium } from './chromium.ts';
import { serveHome } from './served-home.ts';
import type { UiServer } from './ui-server.ts';

vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

/** Every character of a US keyboard. */
const TEXT = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index)).join('');

/** The terminal replaces its spans whenever it draws, so the pointer goes to a place and not to a span. */
async function centerOf(page: Page, word: string): Promise<[x: number, y: number]> {
  const span = page.locator('.xterm-rows span', { hasText: word }).last();
  for (;;) {
    const box = await span.boundingBox();
    if (box !== null) return [box.x + box.width / 2, box.y + box.height / 2];
  }
}

/** Returns the escape sequences of a link, in the words of printf. */
const linkOf = (address: string, text: string): string =>
  `\\033]8;;${address}\\033\\\\${text}\\033]8;;\\033\\\\ `;

describe.skipIf(withoutChromium !== undefined)('consoles in the page', () => {
  let home: Home;
  let ui: UiServer;
  let page: Page;

  serveHome(async (served) => {
    ({ home, ui } = served);
    page = await ui.open();
  });
  afterEach(async () => home.removeAll());

  async function machine(name: string, sector: Buffer, ...flags: readonly string[]): Promise<void> {
    const image = join(home.path, `${name}.img`);
    writeFileSync(image, sector);
    const hardware = ['--image', `${image},format=raw`, '-m', '64M', '--cpus', '1', '--net', 'none'];
    expect(await home.vmlet('create', name, ...hardware, '--start', ...flags)).toMatchObject({ status: 0 });
  }

  async function show(name: string, tab: string): Promise<void> {
    await page.evaluate(`location.hash = '#/machines/${name}/${tab}'`);
  }

  const serialLog = async (name: string): Promise<string> => {
    const pieces: Buffer[] = [];
    for await (const piece of home.store.get(name).log('serial')) pieces.push(piece);
    return Buffer.concat(pieces).toString('latin1');
  };
  const terminalText = async (): Promise<string> => page.locator('.xterm-rows').innerText();

  test('the serial console begins with the log, echoes keys, and returns after a restart', async () => {
    await machine('echo', bootSectors.echo);
    await until(async () => (await serialLog('echo')).includes('up'));
    await show('echo', 'serial');
    await page.getByText('connected', { exact: true }).waitFor();
    await until(async () => (await terminalText()).includes('up'));
    await page.keyboard.type('Grüße, $(x)');
    await until(async () => (await terminalText()).includes('Grüße, $(x)'));
    expect(await home.vmlet('restart', '--timeout', '1s', 'echo')).toMatchObject({ status: 0 });
    await page.getByText('connected', { exact: true }).waitFor();
    await until(async () => /Grüße, \$\(x\)\s*up/.test(await terminalText()));
    await page.keyboard.type('again');
    await until(async () => /up\s*again/.test(await terminalText()));
    // The terminal takes every key but these.
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.tagName')).toBe('TEXTAREA');
    await page.keyboard.press('Control+Alt+Period');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Full screen');
  });

  test('underscores are visible', async () => {
    await machine('echo', bootSectors.echo);
    await show('echo', 'serial');
    await page.getByText('connected', { exact: true }).waitFor();
    await until(async () => (await terminalText()).includes('up'));
    await page.keyboard.type('_'.repeat(40));
    await until(async () => (await terminalText()).includes('_'.repeat(40)));
    const rows = page.locator('.xterm-rows > div');
    const at = (await rows.allInnerTexts()).findIndex((row) => row.includes('_'));
    const picture = async (row: number): Promise<Buffer> => {
      const box = await rows.nth(row).boundingBox();
      if (!box) throw new Error('the row is not shown');
      return page.screenshot({ clip: { ...box, width: 100 } });
    };
    expect((await picture(at)).equals(await picture(at + 2))).toBe(false);
    expect((await picture(at + 1)).equals(await picture(at + 2))).toBe(true);
  });

  test('a shell says what it waits for, and opens when the machine is resumed', async () => {
    expect(await home.vmlet('create', 'm', '--image', 'micro', '--start')).toMatchObject({ status: 0 });
    expect(await home.vmlet('pause', 'm')).toMatchObject({ status: 0 });
    await show('m', 'shell');
    const status = page.locator('.console [role="status"]');
    await until(async () => (await status.innerText()) === 'the machine is paused');
    await page.getByRole('button', { name: 'Resume m' }).click();
    await until(async () => (await status.innerText()) === 'connected');
    await until(async () => /[#$] *$/m.test(await terminalText()));
    await page.locator('.xterm-helper-textarea').focus();
    await page.keyboard.type('echo $((20 + 22))\n');
    await until(async () => /^42$/m.test(await terminalText()));

    await machine('dumb', bootSectors.hang);
    await show('dumb', 'shell');
    await until(async () => (await status.innerText()).startsWith('waiting for vmlet’s agent'));
  });

  test('escape sequences of a guest do not change the title, and are not in the log', async () => {
    await machine('hostile', bootSectors.steerTerminal);
    await show('hostile', 'serial');
    await until(async () => (await page.title()) === 'hostile: serial - vmlet');
    await until(() => home.store.get('hostile').status().kind === 'stopped');
    expect(await page.title()).toBe('hostile: serial - vmlet');
    await show('hostile', 'logs');
    await page.getByRole('log').getByText('red').waitFor();
    expect(await page.getByRole('log').innerText()).not.toContain('\u001b');
  });

  test.each(['serial', 'shell'])(
    'the %s console opens no link of a guest, and keeps the clipboard and the title',
    async (tab) => {
      expect(await home.vmlet('create', 'm', '--image', 'micro', '--start')).toMatchObject({ status: 0 });
      const own = await ui.open({ permissions: ['clipboard-read', 'clipboard-write'] });
      await own.evaluate("navigator.clipboard.writeText('kept')");
      const events: string[] = [];
      own.context().on('page', (opened) => events.push(`opened ${opened.url()}`));
      own.on('dialog', (dialog) => {
        events.push(dialog.message());
        void dialog.dismiss();
      });
      const { origin } = new URL(own.url());
      const output = [
        `\\033]0;stolen\\007\\033]2;stolen\\007\\033]52;c;${Buffer.from('stolen').toString('base64')}\\007`,
        linkOf('javascript:alert(1)', 'SCRIPT'),
        linkOf('file:///etc/passwd', 'FILE'),
        linkOf(`${origin}/#/machines`, 'WEB'),
        'END\\n',
      ].join('');
      expect(await home.vmlet('exec', 'm', '--', 'sh', '-c', `printf '${output}' >/tmp/out`)).toMatchObject({
        status: 0,
      });
      const place = `${origin}/#/machines/m/${tab}`;
      await own.evaluate(`location.href = '${place}'`);
      await own.getByText('connected', { exact: true }).waitFor();
      const text = async (): Promise<string> => own.locator('.xterm-rows').innerText();
      if (tab === 'shell') {
        await until(async () => /[#$] *$/m.test(await text()));
        await own.keyboard.type('cat /tmp/out\n');
      } else {
        const print = ['exec', 'm', '--', 'sh', '-c', 'cat /tmp/out >/dev/console'];
        expect(await home.vmlet(...print)).toMatchObject({ status: 0 });
      }
      await until(async () => (await text()).includes('END'));
      for (const word of ['SCRIPT', 'FILE', 'WEB']) {
        const point = await centerOf(own, word);
        await own.mouse.move(...point);
        await own.mouse.click(...point);
      }
      expect(await own.locator('.xterm a, .xterm-cursor-pointer').count()).toBe(0);
      const clipboard = await own.evaluate('navigator.clipboard.readText()');
      const seen = { clipboard, title: await own.title(), place: own.url(), events };
      expect(seen).toEqual({ clipboard: 'kept', title: `m: ${tab} - vmlet`, place, events: [] });
    },
  );

  test('the screen shows a typed text, which arrives exactly', async () => {
    await machine('screen', keyboardSectors.onScreen);
    await until(async () => (await serialLog('screen')).includes('>'));
    await show('screen', 'screen');
    await page.getByText('connected', { exact: true }).waitFor();
    const canvas = page.locator('.glass canvas');
    const picture = async (): Promise<string> => (await canvas.screenshot()).toString('base64');
    const before = await picture();
    await page.getByLabel('Text to type').fill(TEXT);
    await page.getByRole('button', { name: 'Type', exact: true }).click();
    await until(async () => (await serialLog('screen')).length > TEXT.length);
    expect(await serialLog('screen')).toBe(`>${TEXT}`);
    await until(async () => (await picture()) !== before);

    // Keys of the person at the keyboard, by VNC.
    await canvas.click();
    await page.keyboard.press('KeyA');
    await page.keyboard.press('Shift+KeyB');
    await until(async () => (await serialLog('screen')).endsWith('aB'));
    await page.getByRole('button', { name: 'Keys to press' }).click();
    await page.getByText('Escape', { exact: true }).click();
    await until(async () => (await serialLog('screen')).endsWith('aB\u001b'));
    await page.locator('.glass').press('Control+Alt+Period');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Full screen');
  });

  test('characters that arrive in parts are shown, and colours also in earlier output', async () => {
    expect(await home.vmlet('create', 'm', '--image', 'micro', '--start')).toMatchObject({ status: 0 });
    await show('m', 'serial');
    await page.getByText('connected', { exact: true }).waitFor();
    const print = async (text: string): Promise<void> => {
      const script = `printf '${text}' > /dev/console`;
      expect(await home.vmlet('exec', 'm', '--', 'sh', '-c', script)).toMatchObject({ status: 0 });
    };
    for (const piece of ['\\n\\033[31ma\\342', '\\200\\246b\\342\\200', '\\246c\\033[0m\\n'])
      await print(piece);
    await until(async () => (await terminalText()).includes('a…b…c'));
    const hostile = '<img src=x onerror=alert(1)>';
    await print(`\\n${hostile}\\n`);
    await until(async () => (await terminalText()).includes(hostile));
    expect(await page.locator('.xterm img').count()).toBe(0);
    await show('m', 'overview');
    await show('m', 'serial');
    const red = page.locator('.xterm-rows .xterm-fg-1', { hasText: 'a…b…c' });
    await red.waitFor();
  });

  test('logs are followed, searched, and of each source', async () => {
    expect(await home.vmlet('create', 'm', '--image', 'micro', '--start')).toMatchObject({ status: 0 });
    await show('m', 'logs');
    const log = page.getByRole('log');
    const write = async (words: string): Promise<void> => {
      // After the prompt of its shell.
      const print = `printf '\\n${words}\\n' > /dev/ttyS0`;
      expect(await home.vmlet('exec', 'm', '--', 'sh', '-c', print)).toMatchObject({ status: 0 });
    };
    const hostile = '<img src=x onerror=alert(1)><b>bold</b>';
    await write(hostile);
    await log.getByText(hostile).waitFor();
    expect(await log.locator('*').count()).toBe(0);
    await write('Alpha 1\\nbeta 2');
    await log.getByText('beta 2').waitFor();
    await page.getByLabel('Search the log').fill('ALPHA');
    await until(async () => (await log.innerText()) === 'Alpha 1');
    // Lines that come later are searched too.
    await write('gamma\\nalpha 3');
    await until(async () => (await log.innerText()) === 'Alpha 1\nalpha 3');
    await page.getByLabel('Search the log').fill('missing');
    await until(async () => (await log.innerText()) === 'no lines');
    await page.getByLabel('Search the log').fill('');
    await page.getByRole('combobox').selectOption('qemu');
    await page.getByText('vmlet logs --source qemu --follow m', { exact: true }).waitFor();
    const { stdout } = await home.vmlet('logs', '--source', 'qemu', 'm');
    await until(async () => (await log.innerText()).trim() === (stdout.trim() || 'no lines'));
  });

  test('an address with a place opens the screen, once', async () => {
    await machine('screen', keyboardSectors.onScreen);
    const own = await page.context().newPage();
    const address = `${await ui.newAddress()}/machines/screen/screen`;
    await own.goto(address);
    await own.getByText('connected', { exact: true }).waitFor();
    expect(own.url()).toMatch(/\/#\/machines\/screen\/screen$/);
    await own.close();
  });

  test('the screen can have its own window, and returns when the machine runs again', async () => {
    await machine('screen', keyboardSectors.onScreen);
    await show('screen', 'screen');
    await page.getByText('connected', { exact: true }).waitFor();
    const [own] = await Promise.all([
      page.waitForEvent('popup'),
      page.getByRole('button', { name: 'New window' }).click(),
    ]);
    await own.getByText('connected', { exact: true }).waitFor();
    expect(await own.locator('header').count()).toBe(0);
    expect(await home.vmlet('kill', 'screen')).toMatchObject({ status: 0 });
    await own.getByText('the machine is not running').waitFor();
    const keys = own.getByRole('button', { name: 'Keys to press' });
    await keys.click();
    expect(await own.getByRole('menuitem', { disabled: false }).count()).toBe(0);
    await own.keyboard.press('Escape');
    expect(await home.vmlet('start', 'screen')).toMatchObject({ status: 0 });
    await own.getByText('connected', { exact: true }).waitFor();
    await own.close();
  });

  test('a machine without a screen shows its serial console instead', async () => {
    await machine('none', bootSectors.hang, '--display', 'none');
    await show('none', 'screen');
    await page.getByRole('main').getByRole('link', { name: 'serial console', exact: true }).click();
    await page.getByText('connected', { exact: true }).waitFor();
  });

  test('a machine has the screen of its start until it ends, and the reason why it is not shown', async () => {
    await machine('screen', keyboardSectors.onScreen);
    await show('screen', 'screen');
    const connected = page.getByText('connected', { exact: true });
    await connected.waitFor();
    expect(await home.vmlet('set', 'screen', '--display', 'none')).toMatchObject({ status: 0 });
    await page.locator('.title').getByText('changed for the next start: display').waitFor();
    await connected.waitFor();
    expect(await home.vmlet('restart', '--timeout', '1s', 'screen')).toMatchObject({ status: 0 });
    await page.getByText('Machine screen has no screen.').waitFor();
    expect(await home.vmlet('set', 'screen', '--display', 'vnc')).toMatchObject({ status: 0 });
    await page.locator('.title').getByText('changed for the next start: display').waitFor();
    await page.getByText('Machine screen has no screen.').waitFor();
    // A page that does not know it yet shows the server's reason.
    const own = await ui.open({}, async (context) =>
      context.addInitScript(
        `const { parse } = JSON;
        JSON.parse = (text) => parse(text.replaceAll('"pendingChanges":["display"]', '"pendingChanges":[]'));`,
      ),
    );
    await own.evaluate("location.hash = '#/machines/screen/screen'");
    const reason = own
      .getByRole('main')
      .getByRole('alert')
      .getByText(/has no screen/);
    await reason.waitFor();
    expect(await home.vmlet('restart', '--timeout', '1s', 'screen')).toMatchObject({ status: 0 });
    await connected.waitFor();
    await own.getByText('connected', { exact: true }).waitFor();
    await reason.waitFor({ state: 'detached' });
    await own.context().close();
  });

  test('a shell through the agent has the size of the terminal, and can be opened again after it ends', async () => {
    expect(await home.vmlet('create', 'm', '--image', 'micro', '--start')).toMatchObject({ status: 0 });
    await show('m', 'shell');
    await page.getByText('connected', { exact: true }).waitFor();
    await until(async () => /[#$] *$/m.test(await terminalText()));
    await page.keyboard.type('stty size\n');
    const size = async (): Promise<string | undefined> => /^(\d+ \d+)$/m.exec(await terminalText())?.[1];
    const before = await until(size);
    await page.keyboard.type('clear\n');
    await page.setViewportSize({ width: 900, height: 600 });
    await until(async () => {
      await page.keyboard.type('stty size\n');
      const now = await size();
      return now !== undefined && now !== before;
    });
    await page.keyboard.type('exit 3\n');
    await page.getByText('ended: status 3').waitFor();
    await page.getByRole('button', { name: 'New shell' }).click();
    await page.getByText('connected', { exact: true }).waitFor();
    expect(await page.evaluate('document.activeElement.tagName')).toBe('TEXTAREA');
    await page.setViewportSize({ width: 1280, height: 800 });

    expect(await home.vmlet('kill', 'm')).toMatchObject({ status: 0 });
    await page.getByText('the machine is not running').waitFor();
    expect(await page.getByRole('button', { name: 'New shell' }).isDisabled()).toBe(true);
    expect(await page.getByRole('main').getByRole('alert').count()).toBe(0);
    await show('m', 'serial');
    expect(await page.getByRole('button', { name: /stty/ }).isDisabled()).toBe(true);
    await page.getByRole('main').getByRole('link', { name: 'logs', exact: true }).click();
    await page.locator('.tabs [aria-current][href$="/logs"]').waitFor();
  });
});
