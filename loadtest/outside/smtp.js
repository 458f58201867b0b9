// A mail server for tests: prints `listening <port>`, then one line of JSON for each e-mail that it takes.
//
// Recipients decide what it does: `refused@…` is refused for good, `busy@…` three times for the time being. With
// SMTP_USER and SMTP_PASSWORD it wants both; with SMTP_KEY and SMTP_CERT (files) it offers STARTTLS.
import { readFileSync } from "node:fs";
import { simpleParser } from "mailparser";
import { SMTPServer } from "smtp-server";

const { SMTP_USER, SMTP_PASSWORD, SMTP_KEY, SMTP_CERT } = process.env;
let busy = 3;

const refuse = (code, text) => Object.assign(new Error(text), { responseCode: code });

const server = new SMTPServer({
  disabledCommands: [...(SMTP_USER ? [] : ["AUTH"]), ...(SMTP_KEY ? [] : ["STARTTLS"])],
  ...(SMTP_KEY && { key: readFileSync(SMTP_KEY), cert: readFileSync(SMTP_CERT) }),
  logger: false,
  onAuth({ username, password }, _session, done) {
    if (username === SMTP_USER && password === SMTP_PASSWORD) done(null, { user: username });
    else done(refuse(535, "wrong user or password"));
  },
  onRcptTo({ address }, _session, done) {
    if (address.startsWith("refused@")) done(refuse(550, "no such box"));
    else if (address.startsWith("busy@") && busy-- > 0) done(refuse(451, "come back later"));
    else done();
  },
  async onData(stream, session, done) {
    const mail = await simpleParser(stream);
    const line = {
      from: mail.from?.text,
      to: session.envelope.rcptTo.map((to) => to.address),
      subject: mail.subject,
      text: mail.text,
      html: mail.html,
      id: mail.messageId,
      user: session.user ?? null,
      secure: session.secure,
    };
    console.log(JSON.stringify(line));
    done();
  },
});
server.on("error", () => {});
server.listen(0, "127.0.0.1", () => console.log(`listening ${server.server.address().port}`));
// The test that started it is gone.
process.stdin.on("end", () => process.exit(0)).resume();
