// A process that answers line by line: a peer, or weft where its memory is to be told apart.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** Each line on its standard input is a request, each line of JSON on its standard output the answer; its first line is `hello`. */
export class LineProcess {
  constructor(command, args) {
    this.child = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'] });
    this.waiting = [];
    this.hello = this.#next();
    createInterface({ input: this.child.stdout }).on('line', (line) => this.waiting.shift()?.(JSON.parse(line)));
    for (const emitter of [this.child, this.child.stdin]) emitter.on('error', () => this.#end());
    this.child.on('exit', () => this.#end());
  }
  /** @returns the answer; { failed: why } of a process that is not there any more */
  ask(request) {
    const answer = this.#next();
    if (!this.ended) this.child.stdin.write(`${request}\n`);
    return answer;
  }
  #next() {
    if (this.ended) return Promise.resolve({ failed: 'not installed, or ended' });
    return new Promise((resolve) => this.waiting.push(resolve));
  }
  #end() {
    this.ended = true;
    for (const resolve of this.waiting.splice(0)) resolve({ failed: 'not installed, or ended' });
  }
}
