/** A CV as a CV: JSON Resume, set as a page. */
import type { ReactNode } from "react";
import { useI18n, translate, type Key, type Language } from "../i18n";
import { cvDate } from "../lib/format";
import { entries, isMap, readable, text, texts, type Item } from "../lib/resume";
import type { FieldMark } from "../lib/changes";
import { diffEntries } from "../lib/diff";
import type { JsonResume } from "../model/types";
import { Mark, Field, useDocumentMode } from "./field";
import { DiffText, Moved } from "../components/diff-text";
import { cx } from "../lib/cx";
import styles from "./document.module.css";

interface Words {
  readonly lang: string;
  readonly t: (key: Key) => string;
}

/** Headings follow the CV's language where there is a dictionary for it, else the person's. */
function useWords(language: string | null): Words {
  const { language: own } = useI18n();
  const words: Language = language === "fr" || language === "en" ? language : own;
  return { lang: language ?? own, t: (key) => translate(words, key) };
}

export function CvDocument({ content, language }: { readonly content: JsonResume; readonly language: string | null }) {
  const words = useWords(language);
  const { editing, marks } = useDocumentMode();
  const basics: Item = isMap(content.basics) ? content.basics : {};
  const hasSummary = text(basics.summary) !== "" || editing || marks.fields.has("/basics/summary");
  return (
    <article className={styles.paper} lang={words.lang}>
      <header className={styles.header}>
        <h1 className={styles.name}>
          <Field path="/basics/name" value={basics.name} hint="…" />
        </h1>
        {text(basics.label) !== "" || editing ? (
          <div className={styles.label}>
            <Field path="/basics/label" value={basics.label} hint="…" />
          </div>
        ) : null}
        <Contact basics={basics} />
      </header>
      {hasSummary ? (
        <Section title={words.t("cv.section.summary")}>
          <div>
            <Field path="/basics/summary" value={basics.summary} hint="…" />
          </div>
        </Section>
      ) : null}
      <Listed name="work" content={content} words={words}>
        {(item, path) => <Position item={item} path={path} org="name" job="position" words={words} />}
      </Listed>
      <Listed name="projects" content={content} words={words}>
        {(item, path) => <Project item={item} path={path} words={words} />}
      </Listed>
      <Listed name="skills" content={content} words={words} tight>
        {(item, path) => <Skill item={item} path={path} />}
      </Listed>
      <Listed name="education" content={content} words={words}>
        {(item, path) => <Education item={item} path={path} words={words} />}
      </Listed>
      <Listed name="languages" content={content} words={words} tight>
        {(item, path) => (
          <div>
            <Field path={`${path}/language`} value={item.language} />
            {text(item.fluency) === "" ? null : (
              <span className={styles.small}>
                {" · "}
                <Field path={`${path}/fluency`} value={item.fluency} />
              </span>
            )}
          </div>
        )}
      </Listed>
      <Listed name="certificates" content={content} words={words} tight>
        {(item, path) => <Dated item={item} path={path} title="name" by="issuer" date="date" words={words} />}
      </Listed>
      <Listed name="awards" content={content} words={words}>
        {(item, path) => <Dated item={item} path={path} title="title" by="awarder" date="date" words={words} />}
      </Listed>
      <Listed name="publications" content={content} words={words}>
        {(item, path) => <Dated item={item} path={path} title="name" by="publisher" date="releaseDate" words={words} />}
      </Listed>
      <Listed name="volunteer" content={content} words={words}>
        {(item, path) => <Position item={item} path={path} org="organization" job="position" words={words} />}
      </Listed>
      <Listed name="interests" content={content} words={words} tight>
        {(item, path) => <Skill item={item} path={path} />}
      </Listed>
      <Listed name="references" content={content} words={words}>
        {(item, path) => (
          <div className={styles.entry}>
            <div className={styles.quote}>
              <Field path={`${path}/reference`} value={item.reference} />
            </div>
            <span className={styles.small}>
              <Field path={`${path}/name`} value={item.name} />
            </span>
          </div>
        )}
      </Listed>
    </article>
  );
}

function Contact({ basics }: { readonly basics: Item }) {
  const place = isMap(basics.location) ? [text(basics.location.city), text(basics.location.region), text(basics.location.countryCode)].filter((part) => part !== "").join(", ") : text(basics.location);
  const url = text(basics.url);
  const profiles = entries(basics.profiles);
  return (
    <ul className={styles.contact}>
      {place === "" ? null : <li>{place}</li>}
      {text(basics.email) === "" ? null : <li>{text(basics.email)}</li>}
      {text(basics.phone) === "" ? null : <li>{text(basics.phone)}</li>}
      {url === "" ? null : (
        <li>
          <Out href={url}>{bare(url)}</Out>
        </li>
      )}
      {profiles.map((profile, index) => (
        <li key={index}>
          <Out href={text(profile.url)}>{[text(profile.network), text(profile.username)].filter((part) => part !== "").join(" ")}</Out>
        </li>
      ))}
    </ul>
  );
}

/** A link, where the address is a web address; a CV may carry any text. */
function Out({ href, children }: { readonly href: string; readonly children: ReactNode }) {
  if (!/^https?:\/\//iu.test(href)) return <>{children}</>;
  return (
    <a href={href} target="_blank" rel="noreferrer noopener">
      {children}
    </a>
  );
}

const bare = (url: string) => url.replace(/^https?:\/\/(www\.)?/iu, "").replace(/\/$/u, "");

function Section({ title, tight = false, children }: { readonly title: string; readonly tight?: boolean; readonly children: ReactNode }) {
  return (
    <section className={styles.section}>
      <h2>{title}</h2>
      <div className={cx(styles.body, tight && styles.tight)}>{children}</div>
    </section>
  );
}

type SectionName = "work" | "projects" | "skills" | "education" | "languages" | "certificates" | "awards" | "publications" | "volunteer" | "interests" | "references";

interface ListedProps {
  readonly name: SectionName;
  readonly content: JsonResume;
  readonly words: Words;
  readonly tight?: boolean;
  readonly children: (item: Item, path: string) => ReactNode;
}

function Listed({ name, content, words, tight = false, children }: ListedProps) {
  const { marks } = useDocumentMode();
  const value: unknown = content[name];
  const removed = marks.removed.get(`/${name}`) ?? [];
  const reordered = marks.reordered.get(`/${name}`);
  const list = Array.isArray(value) ? (value as unknown[]) : [];
  if (list.length === 0 && removed.length === 0) return null;
  return (
    <Section title={words.t(`cv.section.${name}`)} tight={tight}>
      {reordered === undefined ? null : (
        <div className={styles.small}>
          <Mark id={reordered.id}>{words.t("cv.reordered")}</Mark>
        </div>
      )}
      {list.map((item, index) => (isMap(item) ? <div key={index}>{children(item, `/${name}/${index}`)}</div> : typeof item === "string" ? <Field key={index} path={`/${name}/${index}`} value={item} /> : null))}
      {removed.map(({ change, before }) => (
        <div key={change.id} className={styles.gone}>
          <Mark id={change.id}>
            <DiffText before={headline(before)} after="" />
          </Mark>
        </div>
      ))}
    </Section>
  );
}

/** What names an entry that is gone: its first texts. */
function headline(value: unknown): string {
  if (!isMap(value)) return readable(value);
  return ["position", "name", "title", "organization", "institution", "area", "language"].map((key) => text(value[key])).filter((part) => part !== "").join(" · ");
}

interface EntryProps {
  readonly item: Item;
  readonly path: string;
  readonly words: Words;
}

function Dates({ item, words }: { readonly item: Item; readonly words: Words }) {
  const from = cvDate(words.lang, text(item.startDate));
  const ended = text(item.endDate);
  const to = ended === "" ? (from === "" ? "" : words.t("common.present")) : cvDate(words.lang, ended);
  if (from === "" && to === "") return null;
  return <span className={styles.dates}>{[from, to].filter((part) => part !== "").join(" – ")}</span>;
}

function Position({ item, path, org, job, words }: EntryProps & { readonly org: string; readonly job: string }) {
  return (
    <div className={styles.entry}>
      <div className={styles.line}>
        <span className={styles.title}>
          <Field path={`${path}/${job}`} value={item[job]} />
        </span>
        <Dates item={item} words={words} />
      </div>
      <div className={styles.org}>
        <Field path={`${path}/${org}`} value={item[org]} />
        {text(item.location) === "" ? null : <span className={styles.small}>{`, ${text(item.location)}`}</span>}
      </div>
      <Paragraph path={`${path}/summary`} value={item.summary} />
      <Bullets path={`${path}/highlights`} value={item.highlights} />
    </div>
  );
}

function Project({ item, path, words }: EntryProps) {
  return (
    <div className={styles.entry}>
      <div className={styles.line}>
        <span className={styles.title}>
          <Field path={`${path}/name`} value={item.name} />
        </span>
        <Dates item={item} words={words} />
      </div>
      <Paragraph path={`${path}/description`} value={item.description} />
      <Paragraph path={`${path}/summary`} value={item.summary} />
      <Bullets path={`${path}/highlights`} value={item.highlights} />
      {texts(item.keywords).length === 0 ? null : (
        <p className={styles.small}>
          <Field path={`${path}/keywords`} value={item.keywords} list />
        </p>
      )}
    </div>
  );
}

function Education({ item, path, words }: EntryProps) {
  return (
    <div className={styles.entry}>
      <div className={styles.line}>
        <span className={styles.title}>
          <Field path={`${path}/institution`} value={item.institution} />
        </span>
        <Dates item={item} words={words} />
      </div>
      <div>
        <Field path={`${path}/studyType`} value={item.studyType} />
        {text(item.studyType) !== "" && text(item.area) !== "" ? ", " : null}
        <Field path={`${path}/area`} value={item.area} />
      </div>
      {texts(item.courses).length === 0 ? null : (
        <p className={styles.small}>
          <Field path={`${path}/courses`} value={item.courses} list />
        </p>
      )}
    </div>
  );
}

function Skill({ item, path }: { readonly item: Item; readonly path: string }) {
  const has = texts(item.keywords).length > 0;
  return (
    <div>
      <span style={{ fontWeight: 620 }}>
        <Field path={`${path}/name`} value={item.name} />
      </span>
      {has && text(item.name) !== "" ? <span>: </span> : null}
      {has ? <Field path={`${path}/keywords`} value={item.keywords} list /> : null}
      {text(item.level) === "" ? null : (
        <span className={styles.small}>
          {" ("}
          <Field path={`${path}/level`} value={item.level} />
          {")"}
        </span>
      )}
    </div>
  );
}

function Dated({ item, path, title, by, date, words }: EntryProps & { readonly title: string; readonly by: string; readonly date: string }) {
  return (
    <div className={styles.entry}>
      <div className={styles.line}>
        <span>
          <Field path={`${path}/${title}`} value={item[title]} />
          {text(item[by]) === "" ? null : (
            <span className={styles.small}>
              {" · "}
              <Field path={`${path}/${by}`} value={item[by]} />
            </span>
          )}
        </span>
        <span className={styles.dates}>{cvDate(words.lang, text(item[date]))}</span>
      </div>
      {text(item.summary) === "" ? null : (
        <p className={styles.small}>
          <Field path={`${path}/summary`} value={item.summary} />
        </p>
      )}
    </div>
  );
}

function Paragraph({ path, value }: { readonly path: string; readonly value: unknown }) {
  const { marks } = useDocumentMode();
  if (text(value) === "" && !marks.fields.has(path)) return null;
  return (
    <p>
      <Field path={path} value={value} />
    </p>
  );
}

/** A change of the whole list: what stays stands as it is, the rest is marked line by line. */
function ChangedBullets({ mark }: { readonly mark: FieldMark }) {
  const before = texts(mark.before);
  const after = texts(mark.after);
  return (
    <ul className={styles.bullets}>
      {diffEntries(before, after).map((piece) => (
        <li key={`${piece.from} ${piece.to}`}>
          {piece.kind === "same" ? (
            after[piece.to]
          ) : (
            <Mark id={mark.change.id}>
              {piece.kind === "moved" ? <Moved>{after[piece.to]}</Moved> : <DiffText before={piece.from === -1 ? "" : before[piece.from]} after={piece.to === -1 ? "" : after[piece.to]} />}
            </Mark>
          )}
        </li>
      ))}
    </ul>
  );
}

function Bullets({ path, value }: { readonly path: string; readonly value: unknown }) {
  const { marks, editing } = useDocumentMode();
  const whole = marks.fields.get(path);
  const removed = marks.removed.get(path) ?? [];
  const list = texts(value);
  // The places are those of the document: an empty entry keeps its number.
  const raw = Array.isArray(value) ? (value as unknown[]) : [];
  if (list.length === 0 && removed.length === 0 && whole === undefined) return null;
  if (whole !== undefined && !editing) return <ChangedBullets mark={whole} />;
  return (
    <ul className={styles.bullets}>
      {raw.map((item, index) =>
        text(item) === "" ? null : (
          <li key={index}>
            <Field path={`${path}/${index}`} value={item} />
          </li>
        ),
      )}
      {removed.map(({ change, before }) => (
        <li key={change.id}>
          <Mark id={change.id}>
            <DiffText before={readable(before)} after="" />
          </Mark>
        </li>
      ))}
    </ul>
  );
}
