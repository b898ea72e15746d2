import { expect, it } from 'vitest';
import { addressesOf, sitesOf } from '../../../../src/images/catalogue/mirrors.ts';

const URL = 'https://a.example/pub/disk.img';

function placesOf(mirrors: Readonly<Record<string, readonly string[]>>, url = URL): readonly string[] {
  return sitesOf(mirrors).map((site) => site(url));
}

it('asks the publisher if there is no mirror', () => {
  expect(placesOf({})).toEqual([URL]);
  expect(placesOf({ 'https://b.example/': ['http://m/'] })).toEqual([URL, URL]);
});

it('asks mirrors in order, and then the publisher', () => {
  expect(placesOf({ 'https://a.example/': ['http://m/', 'http://n/a/'] })).toEqual([
    'http://m/pub/disk.img',
    'http://n/a/pub/disk.img',
    URL,
  ]);
});

it('prefers the longest prefix', () => {
  const mirrors = { 'https://a.example/': ['http://m/'], 'https://a.example/pub/': ['http://n/'] };
  expect(placesOf(mirrors)).toEqual(['http://n/disk.img', URL]);
});

it('takes documents of several publishers from their mirrors in one place', () => {
  const sites = sitesOf({
    'https://a.example/': ['http://m/'],
    'https://b.example/': ['http://n/', 'http://o/'],
  });
  expect(sites.map((site) => [site('https://a.example/1'), site('https://b.example/2')])).toEqual([
    ['http://m/1', 'http://n/2'],
    ['https://a.example/1', 'http://o/2'],
    ['https://a.example/1', 'https://b.example/2'],
  ]);
});

it('returns each URL once, that of the answering place first', () => {
  const sites = sitesOf({
    'https://a.example/': ['http://m/', 'http://n/'],
    'https://b.example/': ['x', 'y', 'z'],
  });
  const [, second] = sites;
  if (second === undefined) throw new TypeError('there is a second mirror');
  expect(addressesOf(URL, sites, second)).toEqual(['http://n/pub/disk.img', 'http://m/pub/disk.img', URL]);
});
