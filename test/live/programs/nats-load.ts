// Sends messages through a NATS server (https://docs.nats.io/reference/reference-protocols/nats-protocol) to itself over
// some connections, each as soon as one has come, until it is killed: `nats-load PORT`. Says when messages come.
import net from 'node:net';

const CONNECTIONS = 8;
const ENOUGH = 1000;

const port = Number(process.argv[2]);
let received = 0;

for (let i = 0; i < CONNECTIONS; i++) {
  const socket = net.connect(port, '127.0.0.1');
  const publish = (): boolean => socket.write(`PUB subject.${i} 5\r\nhello\r\n`);
  socket.setNoDelay(true).setEncoding('latin1');
  socket.on('connect', () => {
    socket.write('CONNECT {"verbose":false}\r\nSUB subject.* 1\r\n');
    publish();
  });
  socket.on('data', (text) => {
    if (text.includes('PING\r\n')) socket.write('PONG\r\n');
    publish();
    if (++received === ENOUGH) process.stdout.write('loaded\n');
  });
}
