import { hostname } from 'node:os';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClusterError } from '../src/errors.js';
import {
  addressOf,
  coordinatorAddress,
  isPartOfThisMachine,
  isThisMachine,
  namesOf,
  parseHosts,
  requireThisMachine,
  workerHosts,
} from '../src/hosts.js';

const parse = (text: string) => parseHosts(text, 'hosts.txt');

describe('parseHosts', () => {
  it('reads every option, and fills in what is not said', () => {
    expect(parse('node1\nnode2 slots=2 gpus=0,1 port=5000 user=ann_b')).toEqual([
      { name: 'node1', slots: 1, gpus: [], port: 0, user: null, where: 'hosts.txt:1' },
      { name: 'node2', slots: 2, gpus: [0, 1], port: 5000, user: 'ann_b', where: 'hosts.txt:2' },
    ]);
  });

  it('takes a byte order mark, CRLF, CR, tabs, blank lines and comments', () => {
    const text = '\uFEFF# our hosts\r\n\r\n  a\tslots=2 # two\r\nb#no space\r# the end # \u2028really\nc';
    expect(parse(text).map(({ name, slots, where }) => [name, slots, where])).toEqual([
      ['a', 2, 'hosts.txt:3'],
      ['b', 1, 'hosts.txt:4'],
      ['c', 1, 'hosts.txt:6'],
    ]);
  });

  it('takes host names, IPv4 and IPv6 addresses, these with and without brackets', () => {
    const names = ['a', 'rack-1.node_7.example.com', '10.0.0.1', '::1', 'fe80::1%eth0', '2001:db8::10.0.0.1'];
    expect(parse([...names, '[2001:db8::1]'].join('\n')).map(({ name }) => name)).toEqual([...names, '2001:db8::1']);
  });

  it.each([
    ['-a', 'a host name or address expected, got "-a"'],
    ['a/b', 'a host name or address expected, got "a/b"'],
    ['[::1', 'a host name or address expected, got "[::1"'],
    [':::', 'a host name or address expected, got ":::"'],
    ['slots=2', 'a host name or address expected, got "slots=2"'],
    ['\u001b[31m', 'a host name or address expected, got "\\u001b[31m"'],
    [`${'a'.repeat(254)}`, `a host name or address expected, got "${'a'.repeat(79)}…`],
    ['a slots=0', 'slots=1 to 1024 expected, got "slots=0"'],
    ['a slots=-1', 'slots=1 to 1024 expected, got "slots=-1"'],
    ['a slots=1e2', 'slots=1 to 1024 expected, got "slots=1e2"'],
    ['a slots=0x2', 'slots=1 to 1024 expected, got "slots=0x2"'],
    ['a slots=', 'slots=1 to 1024 expected, got "slots="'],
    ['a slots', 'slots=1 to 1024 expected, got "slots"'],
    ['a slots=1025', 'slots=1 to 1024 expected, got "slots=1025"'],
    ['a slots = 2', 'slots=1 to 1024 expected, got "slots"'],
    ['a gpus=', 'gpus=0,1,… expected, got "gpus="'],
    ['a gpus=0,,1', 'gpus=0,1,… expected, got "gpus=0,,1"'],
    ['a gpus=0,x', 'gpus=0,1,… expected, got "gpus=0,x"'],
    ['a gpus=1,1', 'each GPU once expected, got "gpus=1,1"'],
    ['a port=0', 'port=1 to 65535 expected, got "port=0"'],
    ['a port=65536', 'port=1 to 65535 expected, got "port=65536"'],
    ['a user=', 'user=NAME expected, got "user="'],
    ['a user=a=b', 'user=NAME expected, got "user=a=b"'],
    ['a slots=1 slots=1', 'slots= is given twice'],
    ['a cores=4', 'slots=, gpus=, port= or user= expected, got "cores=4"'],
    ['a Slots=4', 'slots=, gpus=, port= or user= expected, got "Slots=4"'],
    ['a b', 'slots=, gpus=, port= or user= expected, got "b"'],
  ])('refuses %j, naming the line', (line, problem) => {
    expect(() => parse(`ok\n${line}`)).toThrow(new ClusterError('usage', `hosts.txt:2: ${problem}`));
  });

  it('refuses a host that stands twice, in whatever case', () => {
    const message = 'hosts.txt:3: Node1 stands at hosts.txt:1 already: use slots=N for several processes';
    expect(() => parse('node1\nnode2\nNode1')).toThrow(message);
  });

  it.each(['', '\n\n', '# nothing\n'])('refuses %j, which has no host', (text) => {
    expect(() => parse(text)).toThrow('hosts.txt: at least one host expected, got none');
  });

  it('reads any text, or refuses it with one line that names the file', () => {
    const word = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.constantFrom('a', 'slots=2', 'gpus=0,1', 'port=7', 'user=x', '#', '=', '::1', '[', '\n', '\r\n', ' '),
    );
    const text = fc.array(word, { maxLength: 20 }).map((words) => words.join(' '));
    fc.assert(
      fc.property(fc.oneof(text, fc.string({ unit: 'binary' })), (content) => {
        try {
          expect(parse(content).length).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(ClusterError);
          expect((error as ClusterError).code).toBe('usage');
          expect((error as ClusterError).message).toMatch(/^hosts\.txt(:\d+)?: [^\p{Cc}\p{Zl}\p{Zp}]+$/u);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('isThisMachine', () => {
  it.each(['localhost', 'LOCALHOST', '127.0.0.1', '127.0.1.9', '::1', hostname()])('knows %s', (name) => {
    expect(isThisMachine(name)).toBe(true);
  });

  it.each(['node1.invalid', '192.0.2.1', '127.0.0.256', '127.example.com', '2001:db8::1'])(
    'does not claim %s',
    (name) => {
      expect(isThisMachine(name)).toBe(false);
    },
  );
});

describe('namesOf', () => {
  it('are all names of this machine for any of them, and the one name of another', () => {
    for (const name of ['localhost', '127.0.0.1', hostname()]) {
      expect(namesOf(name)).toEqual(expect.arrayContaining(['localhost', '127.0.0.1', hostname().toLowerCase()]));
      expect(isPartOfThisMachine(name)).toBe(false);
    }
    expect(namesOf('Node1.Example.com')).toEqual(['node1.example.com']);
    expect(isPartOfThisMachine('node1.example.com')).toBe(false);
  });

  it('is one name for a loopback address that stands for a host', () => {
    expect(namesOf('127.0.1.9')).toEqual(['127.0.1.9']);
    expect(isPartOfThisMachine('127.0.1.9')).toBe(true);
  });
});

describe('workerHosts', () => {
  it('has a host for each slot, in order', () => {
    expect(workerHosts(parse('a slots=2\nb')).map(({ name }) => name)).toEqual(['a', 'a', 'b']);
  });
});

describe('addressOf', () => {
  it('is a network’s only for a host that is named by its address', () => {
    const hosts = parse('10.0.0.7\n[fd00::7]\nlocalhost\n127.0.0.9\nnode7');
    expect(hosts.map(addressOf)).toEqual(['10.0.0.7', 'fd00::7', '127.0.0.1', '127.0.0.9', '127.0.0.1']);
  });

  it('of the coordinator is one that every host reaches', () => {
    expect(coordinatorAddress(parse('localhost\n127.0.0.9'))).toBe('127.0.0.1');
    expect(coordinatorAddress(parse('localhost\n10.0.0.7\n10.0.0.8'))).toBe('10.0.0.7');
  });
});

describe('requireThisMachine', () => {
  it('names the line of a host that is another machine', () => {
    expect(() => requireThisMachine(parse('localhost\nnode7.invalid'))).toThrow(
      'hosts.txt:2: "node7.invalid" is not this machine',
    );
    expect(() => requireThisMachine(parse('localhost\n127.0.0.1'))).not.toThrow();
  });
});
