// Takes mail and posts on loopback and prints what arrives, one JSON document a line. Started by listen.ts in the network of
// a test's machine, which is not its owner's; it ends with the owner's end of standard input.
import { once } from 'node:events';
import { receiveHttp, receiveMail } from '../cli/receivers.ts';

const say = (document: object): void => void process.stdout.write(`${JSON.stringify(document)}\n`);
const login = JSON.parse(process.argv[2] ?? '') as { user: string; password: string };
const http = await receiveHttp((posted) => say({ posted }));
const smtp = await receiveMail(login, (mail) => say({ mail }));
say({ ready: { url: http.url, port: smtp.port } });
process.stdin.resume();
await once(process.stdin, 'close');
await http.close();
await smtp.close();
