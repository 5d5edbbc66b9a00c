//! The export worker, which makes one file. With the feature `bundles` it can make that of a bundle, and with `dumps` fetch or
//! read one dump.

use js_sys::global;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::DedicatedWorkerGlobalScope;

#[cfg(feature = "dumps")]
use super::archive_job;
#[cfg(feature = "bundles")]
use super::bundle_job::BundleJob;
use super::command::Commands;
use super::disk::sweep;
#[cfg(feature = "dumps")]
use super::dump_job::DumpJob;
use super::failure::Failure;
use super::job::Job;
#[cfg(feature = "dumps")]
use super::protocol::StartDump;
#[cfg(feature = "bundles")]
use super::protocol::{Destination, StartBundle};
use super::protocol::{Failed, FromWorker, Start, ToWorker, encode};
use crate::Summary;

/// Runs the worker: reports that it is ready, then follows the page's commands until the file is whole, cancelled or
/// has failed.
pub fn run() {
    let page = Page(global().unchecked_into());
    let commands = Commands::listen(&page.0);
    page.say(&FromWorker::Ready, None);
    spawn_local(async move {
        sweep().await;
        serve(&page, commands).await;
        page.0.close();
    });
}

async fn serve(page: &Page, mut commands: Commands) {
    match commands.first().await {
        (ToWorker::Start(start), picked) => export(page, commands, start, picked).await,
        #[cfg(feature = "bundles")]
        (ToWorker::Bundle(start), picked) => bundle(page, commands, start, picked).await,
        #[cfg(feature = "dumps")]
        (ToWorker::Dump(start), picked) => dump(page, commands, start, picked).await,
        #[cfg(feature = "dumps")]
        (ToWorker::ReadDump, Some(file)) => read_dump(page, commands, file.unchecked_into()).await,
        _ => {}
    }
}

async fn export(page: &Page, mut commands: Commands, start: Start, attachment: Option<JsValue>) {
    let mut job = match Job::open(start, attachment).await {
        Ok(job) => job,
        Err(failure) => return page.say_failed(failure, 0),
    };
    loop {
        let running = job.run(|progress| page.say(&FromWorker::Progress(progress), None));
        match commands.unless_cancelled(running).await {
            Some(Ok(summary)) => return finish(page, job, summary).await,
            Some(Err(failure)) if failure.resumable => {
                page.say_failed(failure, job.rows());
                if commands.resumed().await {
                    continue;
                }
            }
            Some(Err(failure)) => page.say_failed(failure, 0),
            None => {}
        }
        return job.discard().await;
    }
}

async fn finish(page: &Page, job: Job, summary: Summary) {
    match job.finish(summary).await {
        Ok((finished, file)) => page.say(&FromWorker::Finished(finished), file.as_ref()),
        Err(failure) => page.say_failed(failure, 0),
    }
}

/// Each attempt begins with the first part, because the snapshot of the one before has ended.
#[cfg(feature = "bundles")]
async fn bundle(page: &Page, mut commands: Commands, start: StartBundle, picked: Option<JsValue>) {
    loop {
        let mut job = match BundleJob::open(start.clone(), picked.clone()).await {
            Ok(job) => job,
            Err(failure) => return page.say_failed(failure, 0),
        };
        let running = job.run(|progress| page.say(&FromWorker::Progress(progress), None));
        match commands.unless_cancelled(running).await {
            Some(Ok(summary)) => {
                return match job.finish(summary).await {
                    Ok((finished, file)) => page.say(&FromWorker::Finished(finished), file.as_ref()),
                    Err(failure) => page.say_failed(failure, 0),
                };
            }
            Some(Err(failure)) => {
                job.discard().await;
                // The picked file is removed with its incomplete content, so another attempt needs another one.
                let resumable = failure.resumable && start.destination == Destination::Downloads;
                page.say_failed(Failure { resumable, ..failure }, 0);
                if !resumable || !commands.resumed().await {
                    return;
                }
            }
            None => return job.discard().await,
        }
    }
}

/// A dump cannot be resumed, because pg_dump always begins anew.
#[cfg(feature = "dumps")]
async fn dump(page: &Page, mut commands: Commands, start: StartDump, picked: Option<JsValue>) {
    let refuse = |failure: Failure| {
        let resumable = false;
        page.say_failed(Failure { resumable, ..failure }, 0);
    };
    let mut job = match DumpJob::open(start, picked).await {
        Ok(job) => job,
        Err(failure) => return refuse(failure),
    };
    let running = job.run(|bytes| page.say(&FromWorker::Dumping { bytes }, None));
    match commands.unless_cancelled(running).await {
        Some(Ok(summary)) => match job.finish(&summary).await {
            Ok((dumped, file)) => page.say(&FromWorker::Dumped(dumped), file.as_ref()),
            Err(failure) => refuse(failure),
        },
        Some(Err(failure)) => {
            refuse(failure);
            job.discard().await;
        }
        None => job.discard().await,
    }
}

#[cfg(feature = "dumps")]
async fn read_dump(page: &Page, mut commands: Commands, file: web_sys::File) {
    let reading = archive_job::read(&file, |bytes| page.say(&FromWorker::Reading { bytes }, None));
    match commands.unless_cancelled(reading).await {
        Some(Ok(contents)) => page.say(&FromWorker::Read(contents), None),
        Some(Err(failure)) => page.say_failed(failure, 0),
        None => {}
    }
}

/// The page that started this worker.
struct Page(DedicatedWorkerGlobalScope);

impl Page {
    fn say(&self, message: &FromWorker, attachment: Option<&JsValue>) {
        // `postMessage` fails only for values that cannot be cloned, unlike text, files and blobs.
        let posted = self.0.post_message(&encode(message, attachment));
        debug_assert!(posted.is_ok(), "{posted:?}");
    }

    fn say_failed(&self, failure: Failure, rows: u64) {
        let Failure { problem, resumable } = failure;
        self.say(
            &FromWorker::Failed(Failed {
                problem,
                rows,
                resumable,
            }),
            None,
        );
    }
}
