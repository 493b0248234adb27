//! What the model costs: entered in the ledger with the step, and looked at before the next.

use super::Agent;
use crate::domain::Money;
use crate::guard;
use crate::guard::budget::Spent;
use crate::store::runs::{Run, Step};
use crate::store::usage::{self, Used};
use crate::store::{StoreError, Tx, people};

impl Agent {
    /// Enters a model's answer in the ledger, in the transaction that journals it. Of one that was lost nobody knows what it
    /// took; it counts as an answer.
    pub(super) async fn enter(&self, tx: &mut Tx, run: &Run, step: &Step) -> Result<(), StoreError> {
        let used = Used {
            tokens: step.tokens,
            cost: step.cost,
            answers: 1,
        };
        let now = self.engine.clock.now();
        let payer = usage::payer(tx, run.id, &run.asker.place).await?;
        let payer = payer.map(|project| project.id);
        let own = people::origin_of(tx, &run.asker.account, &run.asker.name, now).await?;
        usage::add(tx, own, payer, now.date_naive(), used).await
    }

    /// Why the model is not asked, when a limit is reached.
    pub(super) async fn over_budget(&self, run: &Run, steps: &[Step]) -> Result<Option<String>, StoreError> {
        let budget = &self.actions.budget;
        if !budget.metered {
            return Ok(None);
        }
        let now = self.engine.clock.now();
        let mut tx = self.engine.db.read().await?;
        let payer = usage::payer(&mut tx, run.id, &run.asker.place).await?;
        let person = guard::person(&mut tx, &run.asker).await?;
        let mut spent = Spent::gather(&mut tx, person, payer, now).await?;
        drop(tx);
        spent.run = steps
            .iter()
            .fold(Money::default(), |sum, step| sum.plus(step.cost));
        let reached = budget.reached(&spent, now);
        if let Some(words) = &reached {
            let refusal = (&run.asker, "model.ask", "callsheet", words.as_str());
            self.actions.note_refusal(refusal, Some(run.id)).await?;
        }
        Ok(reached)
    }
}
