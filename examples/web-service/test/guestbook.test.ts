import { readFileSync } from 'node:fs';
import { describe } from 'vitest';
import type { TestMachine } from 'vmlet/testing';
import { expect, machines } from 'vmlet/vitest';

const INSTALL_GUESTBOOK = installing('guestbook');
const INSTALL_DATABASE = [
  'mkdir -p /data; mount /dev/vda /data',
  installing('entries'),
  'httpd -p 8080 -h /srv',
];

// Both are booted and set up once, for all runs until something of this changes. Each test has its own forks, in its
// own private network.
const test = machines({
  web: { ports: ['80'], networks: ['lan'], run: [INSTALL_GUESTBOOK, 'httpd -p 80 -h /srv'] },
  db: {
    disks: ['64M'],
    networks: ['lan'],
    run: ['mke2fs /dev/vda', ...INSTALL_DATABASE, 'touch /data/entries'],
  },
});

/** The script that installs a program of ours as the guest’s web server. */
function installing(program: string): string {
  const source = readFileSync(new URL(`../service/${program}`, import.meta.url), 'utf8');
  const path = `/srv/cgi-bin/${program}`;
  return `mkdir -p /srv/cgi-bin; cat > ${path} <<'END OF PROGRAM'\n${source}END OF PROGRAM\nchmod 755 ${path}`;
}

function guestbook(web: TestMachine): { read(): Promise<Response>; write(entry: string): Promise<Response> } {
  const url = web.url(80, '/cgi-bin/guestbook');
  return {
    read: async () => fetch(url),
    write: async (entry) => fetch(url, { method: 'POST', body: entry }),
  };
}

describe('the guestbook', () => {
  test('shows what visitors wrote', async ({ web, db }) => {
    await expect(db).toListenOn(8080);
    const book = guestbook(web);
    expect((await book.write('Ada was here')).status).toBe(201);
    expect((await book.write("it's <b>fine</b> & quiet")).status).toBe(201);
    expect(await (await book.read()).text()).toBe("Ada was here\nit's <b>fine</b> & quiet\n");
  });

  test('begins empty, whatever other tests wrote', async ({ web, db }) => {
    await db.waitFor.port(8080);
    expect((await (await guestbook(web).read()).text()).trim()).toBe('');
  });

  test('says so while its database cannot be reached, and recovers', async ({ web, db, lan }) => {
    await db.waitFor.port(8080);
    const book = guestbook(web);
    expect((await book.write('before')).status).toBe(201);
    lan.partition([web.name], [db.name]);
    expect((await book.write('meanwhile')).status).toBe(503);
    lan.heal();
    await web.waitFor.http(web.url(80, '/cgi-bin/guestbook'), { body: 'before' });
  });

  test('has lost nothing that it confirmed when the database loses power', async ({ web, db }) => {
    await db.waitFor.port(8080);
    const book = guestbook(web);
    expect((await book.write('kept for good')).status).toBe(201);
    await db.crash();
    expect((await book.read()).status).toBe(503);
    await db.start();
    for (const script of INSTALL_DATABASE) await expect(db.exec(['sh', '-c', script])).toSucceed();
    await web.waitFor.http(web.url(80, '/cgi-bin/guestbook'), { body: 'kept for good' });
  });
});
