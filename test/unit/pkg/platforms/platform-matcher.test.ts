import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePlatform } from '../../../../pkg/platforms/parse-platform.ts';
import { PlatformMatcher } from '../../../../pkg/platforms/platform-matcher.ts';

const cases: [string, string, boolean][] = [
  ['linux/amd64', 'linux/amd64', true],
  ['linux/amd64', 'linux/x86_64', true],
  ['linux/amd64', 'linux/386', true],
  ['linux/amd64', 'linux/amd64/v2', false],
  ['linux/amd64/v3', 'linux/amd64/v2', true],
  ['linux/amd64', 'linux/arm64', false],
  ['linux/arm64', 'linux/arm64/v8', true],
  ['linux/arm64', 'linux/arm/v7', true],
  ['linux/arm/v6', 'linux/arm/v7', false],
  ['linux/arm', 'linux/arm/v5', true],
  ['linux/amd64', 'windows/amd64', false],
];

for (const [wanted, candidate, matches] of cases) {
  test(`${candidate} ${matches ? 'runs' : 'does not run'} where ${wanted} is wanted`, () => {
    assert.equal(new PlatformMatcher([parsePlatform(wanted)]).matches(parsePlatform(candidate)), matches);
  });
}

test('the platform itself comes before what it runs too', () => {
  const matcher = new PlatformMatcher([parsePlatform('linux/arm64')]);
  const [own = 9, other = 0] = ['linux/arm64', 'linux/arm/v7'].map((text) => matcher.rank(parsePlatform(text)));
  assert.ok(own < other);
});

test('without wishes everything matches', () => {
  assert.equal(new PlatformMatcher([]).rank(parsePlatform('windows/amd64')), 0);
});

test('what is no platform is refused', () => {
  for (const bad of ['', 'a/b/c/d', 'linux/', 'lin ux/amd64'])
    assert.throws(() => parsePlatform(bad), /invalid argument/);
});
