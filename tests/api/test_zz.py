from collections import Counter
import tests.api.test_schemathesis as t
C=Counter(); EX={}
def test_w(app):
    @app.after_request
    def z(r):
        from flask import request
        C[r.status_code]+=1
        if r.status_code>=500 or r.status_code in (400,):
            EX.setdefault((request.method,str(request.url_rule),r.status_code), r.get_data(as_text=True)[:300])
        return r
    try: t.test_generated_requests_meet_only_documented_answers(app)
    finally:
        print(C)
        for k,v in EX.items(): print(k,v)
